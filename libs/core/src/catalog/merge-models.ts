import { smallestKnown } from '../smallest-known.ts';
import type { CatalogModel, EndpointModel, ModelKind } from '../snapshot.ts';
import { capabilitiesOf } from './capabilities.ts';
import type { LocatedModel } from './group-models.ts';
import { compare, type NamedGroup } from './name-groups.ts';
import { kindOfName } from './names/kind-of-name.ts';
import { normalizeSize, parameterCountOf } from './names/model-size.ts';
import { normalizeQuantization } from './names/quantization.ts';

/**
 * Makes the catalog's entry of a group. Each property is what most locations tell, or else what the names tell.
 *
 * @param createdBefore `created` by name in the previous catalog; it is kept
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
  const told = <T extends string | number>(pick: (one: LocatedModel) => T | null): T | null =>
    mostFrequent(located.map(pick));
  const kind = kindOf(models, group);
  const variant = told(({ parsed }) => parsed.variant);
  const contextLength = smallestKnown(models.map((model) => model.contextLength));
  // What servers tell comes before what names mean: `7.6b` for a `qwen2.5:7b`.
  const parameterSize =
    told(({ model }) => normalizeSize(model.parameterSize)) ?? told(({ parsed }) => parsed.size);
  return {
    id: group.id,
    aliases: [...group.aliases].sort(compare),
    kind,
    family: told(({ model }) => model.family) ?? told(({ parsed }) => parsed.family),
    variant,
    parameterSize,
    parameterCount: parameterCountOf(parameterSize),
    quantization:
      told(({ model }) => normalizeQuantization(model.quantization)) ??
      told(({ parsed }) => parsed.quantization),
    format: told(({ model }) => model.format) ?? told(({ parsed }) => parsed.format),
    contextLength,
    capabilities: capabilitiesOf(models, kind, variant, contextLength),
    created: createdBefore.get(group.id) ?? earliest(group, createdBefore) ?? madeAt(models) ?? nowS,
    locations: located.map(({ endpoint, model }) => ({ endpoint, model })),
  };
}

function kindOf(models: readonly EndpointModel[], group: NamedGroup): ModelKind {
  const told = mostFrequent(models.map(({ kind }) => (kind === 'unknown' ? null : kind)));
  if (told !== null) return told;
  const named = [group.id, ...group.aliases].map(kindOfName).find((kind) => kind !== 'unknown');
  if (named !== undefined) return named;
  // The special kinds show in a name, so what has a known family and none of them is a language model.
  return group.located.some(({ parsed }) => parsed.family !== null) ? 'llm' : 'unknown';
}

/** Of a model that has a new id: as its names had it. */
function earliest({ aliases }: NamedGroup, createdBefore: ReadonlyMap<string, number>): number | null {
  return smallestKnown(aliases.map((name) => createdBefore.get(name) ?? null));
}

/** The oldest date that a server tells of the model, in epoch seconds. */
function madeAt(models: readonly EndpointModel[]): number | null {
  const oldest = smallestKnown(models.map((model) => model.modifiedAt));
  return oldest === null ? null : Math.floor(oldest / 1000);
}

/** The value that occurs most often, of equally frequent ones the lowest. Null is not counted. */
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
