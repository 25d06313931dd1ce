import { smallestKnown } from '../smallest-known.ts';
import type { CatalogModel, EndpointModel, ModelKind } from '../snapshot.ts';
import { capabilitiesOf } from './capabilities.ts';
import type { LocatedModel } from './group-models.ts';
import { compare, type NamedGroup } from './name-groups.ts';
import { kindOfName } from './names/kind-of-name.ts';
import { normalizeSize, parameterCountOf } from './names/model-size.ts';
import { normalizeQuantization } from './names/quantization.ts';

/**
 * Makes the catalog's entry of a group. Each property is the value that most locations report, or else the value that
 * the names imply.
 *
 * @param createdBefore `created` by name in the previous catalog, which is kept
 * @param nowS epoch seconds
 */
export function mergeModels(
  group: NamedGroup,
  createdBefore: ReadonlyMap<string, number>,
  nowS: number,
): CatalogModel {
  const located = [...group.located].sort(
    (a, b) => compare(a.endpoint, b.endpoint) || compare(a.model.name, b.model.name),
  );
  const models = located.map(({ model }) => model);
  const reported = <T extends string | number>(pick: (one: LocatedModel) => T | null): T | null =>
    mostFrequent(located.map(pick));
  const kind = kindOf(models, group);
  const variant = reported(({ parsed }) => parsed.variant);
  const contextLength = smallestKnown(models.map((model) => model.contextLength));
  // Values of servers come before those of names: `7.6b` for a `qwen2.5:7b`.
  const parameterSize =
    reported(({ model }) => normalizeSize(model.parameterSize)) ?? reported(({ parsed }) => parsed.size);
  return {
    id: group.id,
    aliases: [...group.aliases].sort(compare),
    kind,
    family: reported(({ model }) => model.family) ?? reported(({ parsed }) => parsed.family),
    variant,
    parameterSize,
    parameterCount: parameterCountOf(parameterSize),
    quantization:
      reported(({ model }) => normalizeQuantization(model.quantization)) ??
      reported(({ parsed }) => parsed.quantization),
    format: reported(({ model }) => model.format) ?? reported(({ parsed }) => parsed.format),
    contextLength,
    capabilities: capabilitiesOf(models, kind, variant, contextLength),
    created: createdBefore.get(group.id) ?? earliest(group, createdBefore) ?? madeAt(models) ?? nowS,
    locations: located.map(({ endpoint, model }) => ({ endpoint, model })),
  };
}

function kindOf(models: readonly EndpointModel[], group: NamedGroup): ModelKind {
  const reported = mostFrequent(models.map(({ kind }) => (kind === 'unknown' ? null : kind)));
  if (reported !== null) return reported;
  const named = [group.id, ...group.aliases].map(kindOfName).find((kind) => kind !== 'unknown');
  if (named !== undefined) return named;
  // Names show special kinds, so a model of a known family without one is a language model.
  return group.located.some(({ parsed }) => parsed.family !== null) ? 'llm' : 'unknown';
}

/** For a model with a new id: `created` of its names. */
function earliest({ aliases }: NamedGroup, createdBefore: ReadonlyMap<string, number>): number | null {
  return smallestKnown(aliases.map((name) => createdBefore.get(name) ?? null));
}

/** The oldest date that a server reports for the model, in epoch seconds. */
function madeAt(models: readonly EndpointModel[]): number | null {
  const oldest = smallestKnown(models.map((model) => model.modifiedAt));
  return oldest === null ? null : Math.floor(oldest / 1000);
}

/** The most frequent value; of equally frequent ones the lowest. Null is not counted. */
function mostFrequent<T extends string | number>(values: readonly (T | null)[]): T | null {
  const counts = new Map<T, number>();
  for (const value of values) if (value !== null) counts.set(value, (counts.get(value) ?? 0) + 1);
  let best: T | null = null;
  for (const [value, count] of counts) {
    const most = best === null ? 0 : (counts.get(best) ?? 0);
    if (best === null || count > most || (count === most && value < best)) best = value;
  }
  return best;
}
