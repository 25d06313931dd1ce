import type { Catalog, CatalogModel } from '../snapshot.ts';
import { groupModels, type EndpointModels } from './group-models.ts';
import { mergeModels } from './merge-models.ts';
import { nameGroups } from './name-groups.ts';

export type { EndpointModels };

/**
 * Makes one catalog of what all endpoints have: one entry for each model, with all its names and locations. Pure; the
 * order of endpoints and models does not matter, nor that in which they were found.
 *
 * @param previous `created` is taken from it; returned itself if nothing changed
 * @param now epoch milliseconds; becomes `created` of a new model if no server reports a date
 */
export function buildCatalog(
  perEndpoint: readonly EndpointModels[],
  previous: Catalog | null,
  now: number,
): Catalog {
  const created = new Map<string, number>();
  for (const model of previous?.models ?? []) {
    for (const name of [model.id, ...model.aliases])
      created.set(name, Math.min(created.get(name) ?? Infinity, model.created));
  }
  const models = nameGroups(groupModels(perEndpoint)).map((group) =>
    mergeModels(group, created, Math.floor(now / 1000)),
  );
  if (previous !== null && sameModels(models, previous.models)) return previous;
  // At least the time: two successive leaders must not give one revision to two catalogs.
  return { revision: Math.max((previous?.revision ?? 0) + 1, now), models };
}

function sameModels(a: readonly CatalogModel[], b: readonly CatalogModel[]): boolean {
  return a.length === b.length && a.every((model, at) => JSON.stringify(model) === JSON.stringify(b[at]));
}
