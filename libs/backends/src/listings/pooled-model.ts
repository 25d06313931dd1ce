import { smallestKnown } from '@olla/core/smallest-known';
import type { CatalogModel } from '@olla/core/snapshot';

/** The properties of a name of several models: those that all of them share. */
export function pooledModel(first: CatalogModel, others: readonly CatalogModel[]): CatalogModel {
  if (others.length === 0) return first;
  const models = [first, ...others];
  const shared = <T>(pick: (model: CatalogModel) => T): T | null => {
    const value = pick(first);
    return others.every((model) => pick(model) === value) ? value : null;
  };
  return {
    id: first.id,
    aliases: [...new Set([...first.aliases, ...others.flatMap(({ id, aliases }) => [id, ...aliases])])],
    kind: shared(({ kind }) => kind) ?? 'unknown',
    family: shared(({ family }) => family),
    variant: shared(({ variant }) => variant),
    parameterSize: shared(({ parameterSize }) => parameterSize),
    parameterCount: shared(({ parameterCount }) => parameterCount),
    quantization: shared(({ quantization }) => quantization),
    format: shared(({ format }) => format),
    contextLength: smallestKnown(models.map(({ contextLength }) => contextLength)),
    capabilities: first.capabilities.filter((word) =>
      others.every(({ capabilities }) => capabilities.includes(word)),
    ),
    created: Math.min(...models.map(({ created }) => created)),
    locations: models.flatMap(({ locations }) => locations),
  };
}
