import type { Catalog, CatalogModel } from '../snapshot.ts';
import { groupModels, type EndpointModels } from './group-models.ts';
import { mergeModels } from './merge-models.ts';
import { nameGroups } from './name-groups.ts';

export type { EndpointModels };

/**
 * Makes one catalog of what all endpoints have: one entry for each model, with all its names and locations. Pure; the
 * order of endpoints and models does not matter.
 *
 * @param previous its ids and `created` are kept; it is returned itself if nothing changed
 * @param now epoch milliseconds; becomes `created` of a new model of which no server tells a date
 */
export function buildCatalog(
  perEndpoint: readonly EndpointModels[],
  previous: Catalog | null,
  now: number,
): Catalog {
  const before = new Map((previous?.models ?? []).map((model) => [model.id, model]));
  const models = nameGroups(groupModels(perEndpoint), before).map((group) =>
    mergeModels(group, before.get(group.id), Math.floor(now / 1000)),
  );
  if (previous !== null && sameModels(models, previous.models)) return previous;
  // At least the time: two agents that lead one after the other must not give one revision to two catalogs.
  return { revision: Math.max((previous?.revision ?? 0) + 1, now), models };
}

function sameModels(a: readonly CatalogModel[], b: readonly CatalogModel[]): boolean {
  return a.length === b.length && a.every((model, at) => JSON.stringify(model) === JSON.stringify(b[at]));
}
