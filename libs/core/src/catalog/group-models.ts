import type { EndpointModel } from '../snapshot.ts';
import type { NameRules } from './names/name-rules.ts';
import { plainName } from './names/plain-name.ts';
import { parseModelName, type ParsedName } from './names/parse-model-name.ts';
import type { Publisher } from './names/publishers.ts';

/** One model at one endpoint, with the facts read from its name. */
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
 * Groups entries of one model: entries with equal names (unless servers report different quantisations or publishers),
 * or with one identity and publisher. A digest joins no entries: the meaning of a name must not depend on which other
 * names have the same content now.
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
  const meantBy = publishersByIdentity(units);
  for (const [at, unit] of units.entries()) {
    const reported = publisherOf(unit);
    for (const identity of new Set(unit.map(({ parsed }) => parsed.identity)))
      if (identity !== null) joinBy(`${meantBy(identity, reported)} ${identity}`, at);
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

/** The one value that the names of a unit give; empty if they give none. */
function publisherOf(unit: readonly LocatedModel[]): string {
  return unit.find(({ parsed }) => parsed.publisher.name !== '')?.parsed.publisher.name ?? '';
}

/**
 * Whose model a name means. A name without a publisher means the publisher that the other names of its identity give;
 * if they give several, the maker.
 */
function publishersByIdentity(
  units: readonly LocatedModel[][],
): (identity: string, publisher: string) => string {
  const named = new Map<string, Map<string, Publisher>>();
  for (const { parsed } of units.flat()) {
    const { identity, publisher } = parsed;
    if (identity === null || publisher.name === '') continue;
    const publishers = named.get(identity) ?? new Map<string, Publisher>();
    named.set(identity, publishers.set(publisher.name, publisher));
  }
  return (identity, publisher) => {
    if (publisher !== '') return publisher;
    const others = [...(named.get(identity)?.values() ?? [])];
    const makers = others.filter(({ kind }) => kind === 'maker');
    const [only] = others.length === 1 ? others : makers.length === 1 ? makers : [];
    return only?.name ?? '';
  };
}

/** Models of one name, separated where their quantisations or publishers differ. */
function unitsByName(perEndpoint: readonly EndpointModels[]): LocatedModel[][] {
  const byName = new Map<string, LocatedModel[]>();
  for (const { endpoint, rules, models } of perEndpoint) {
    for (const model of models) {
      const located = { endpoint, rules, model, parsed: parseCached(rules, model) };
      const name = plainName(model.name);
      const namesakes = byName.get(name);
      if (namesakes === undefined) byName.set(name, [located]);
      else namesakes.push(located);
    }
  }
  return [...byName.values()].flatMap(apart);
}

function apart(namesakes: LocatedModel[]): LocatedModel[][] {
  if (namesakes.length === 1) return [namesakes];
  const weightsOf = reportedBy(namesakes, ({ weights }) => weights ?? '');
  const publisherOf = reportedBy(namesakes, ({ publisher }) => publisher.name);
  const units = Map.groupBy(namesakes, (one) => `${weightsOf(one)}\n${publisherOf(one)}`);
  return [...units.values()];
}

/** The values of each. An entry without a value gets the one of the others if they all have the same. */
function reportedBy(
  namesakes: readonly LocatedModel[],
  read: (parsed: ParsedName) => string,
): (one: LocatedModel) => string {
  const reported = new Set(namesakes.map(({ parsed }) => read(parsed)).filter((value) => value !== ''));
  const [only = ''] = reported.size === 1 ? reported : [];
  return ({ parsed }) => read(parsed) || only;
}

/** A cache: each discovery reads the names of the fleet again, and few of them change. */
const parsedNames = new WeakMap<NameRules, Map<string, ParsedName>>();
/** Maximum names in the cache of one set of rules. */
const MAX_PARSED = 20_000;

function parseCached(rules: NameRules, model: EndpointModel): ParsedName {
  const { name, quantization, parameterSize, publisher } = model;
  let ofRules = parsedNames.get(rules);
  if (ofRules === undefined) parsedNames.set(rules, (ofRules = new Map()));
  const key = `${name}\n${quantization ?? ''}\n${parameterSize ?? ''}\n${publisher ?? ''}`;
  let parsed = ofRules.get(key);
  if (parsed === undefined) {
    if (ofRules.size >= MAX_PARSED) ofRules.clear();
    parsed = parseModelName(name, { rules, quantization, parameterSize, publisher });
    ofRules.set(key, parsed);
  }
  return parsed;
}
