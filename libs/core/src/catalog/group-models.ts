import type { EndpointModel } from '../snapshot.ts';
import type { NameRules } from './names/name-rules.ts';
import { plainName } from './names/plain-name.ts';
import { parseModelName, type ParsedName } from './names/parse-model-name.ts';

/** One model at one endpoint, with what its name tells. */
export interface LocatedModel {
  readonly endpoint: string;
  /** Of the endpoint's backend type. */
  readonly rules: NameRules;
  readonly model: EndpointModel;
  readonly parsed: ParsedName;
}

export interface EndpointModels {
  readonly endpoint: string;
  readonly rules: NameRules;
  readonly models: readonly EndpointModel[];
}

/**
 * Groups what is one model: equal names (unless the servers tell different quantisations), or names with one identity.
 * A digest joins nothing here: what a name means must not depend on which other names have the same content now.
 */
export function groupModels(perEndpoint: readonly EndpointModels[]): LocatedModel[][] {
  const units = unitsByName(perEndpoint);
  const parents = units.map((_, at) => at);
  const root = (at: number): number => {
    let top = at;
    while (parents[top] !== top) top = parents[top] ?? top;
    parents[at] = top;
    return top;
  };
  const firstWith = new Map<string, number>();
  const joinBy = (key: string, at: number): void => {
    const first = firstWith.get(key);
    if (first === undefined) firstWith.set(key, at);
    else parents[root(at)] = root(first);
  };
  for (const [at, unit] of units.entries()) {
    for (const { parsed } of unit) if (parsed.identity !== null) joinBy(parsed.identity, at);
  }
  const groups = new Map<number, LocatedModel[]>();
  for (const [at, unit] of units.entries()) {
    const top = root(at);
    const group = groups.get(top);
    if (group === undefined) groups.set(top, [...unit]);
    else for (const located of unit) group.push(located);
  }
  return [...groups.values()];
}

/** Models of one name, apart where their quantisations differ. */
function unitsByName(perEndpoint: readonly EndpointModels[]): LocatedModel[][] {
  const byName = new Map<string, Map<string, LocatedModel[]>>();
  for (const { endpoint, rules, models } of perEndpoint) {
    for (const model of models) {
      const parsed = parseCached(rules, model);
      const name = plainName(model.name);
      const quantization = parsed.weights ?? '';
      const units = byName.get(name) ?? new Map<string, LocatedModel[]>();
      byName.set(name, units);
      const unit = units.get(quantization);
      if (unit === undefined) units.set(quantization, [{ endpoint, rules, model, parsed }]);
      else unit.push({ endpoint, rules, model, parsed });
    }
  }
  return [...byName.values()].flatMap(withoutUntold);
}

/** Adds the models that tell no quantisation to the first quantisation that another of their name tells. */
function withoutUntold(units: ReadonlyMap<string, LocatedModel[]>): LocatedModel[][] {
  const untold = units.get('');
  const told = [...units]
    .filter(([quantization]) => quantization !== '')
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const first = told[0];
  if (untold === undefined || first === undefined) return [...units.values()];
  return [[...first[1], ...untold], ...told.slice(1).map(([, unit]) => unit)];
}

/** The names of a fleet are read again at each discovery, and few of them change. */
const parsedNames = new WeakMap<NameRules, Map<string, ParsedName>>();
/** Names that are remembered for one set of rules. */
const MAX_PARSED = 20_000;

function parseCached(rules: NameRules, { name, quantization, parameterSize }: EndpointModel): ParsedName {
  let ofRules = parsedNames.get(rules);
  if (ofRules === undefined) parsedNames.set(rules, (ofRules = new Map()));
  const key = `${name}\n${quantization ?? ''}\n${parameterSize ?? ''}`;
  let parsed = ofRules.get(key);
  if (parsed === undefined) {
    if (ofRules.size >= MAX_PARSED) ofRules.clear();
    parsed = parseModelName(name, { rules, quantization, parameterSize });
    ofRules.set(key, parsed);
  }
  return parsed;
}
