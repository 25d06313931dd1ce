import type { Catalog, CatalogModel } from '../snapshot.ts';
import { groupModels } from './group-models.ts';
import type { EndpointModels } from './group-models.ts';
import { mergeModels } from './merge-models.ts';
import { nameGroups } from './name-groups.ts';

export type { EndpointModels };

/**
 * Unifies what all endpoints have: one entry for each model, under all its names, with all its locations. Pure, and
 * independent of the order of endpoints and models.
 *
 * @param previous keeps ids and `created`; returned itself if nothing changed
 * @param now epoch milliseconds; `created` of models of which no server tells a date
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
  // In step with the clock, so that two leaders in turn never give one number to different catalogues.
  return { revision: Math.max((previous?.revision ?? 0) + 1, now), models };
}

function sameModels(a: readonly CatalogModel[], b: readonly CatalogModel[]): boolean {
  return a.length === b.length && a.every((model, at) => JSON.stringify(model) === JSON.stringify(b[at]));
}
