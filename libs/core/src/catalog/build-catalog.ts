import type { BackendType } from '../backend-type.ts';
import type { Catalog, CatalogModel, EndpointModel } from '../snapshot.ts';
import { mergeModels } from './merge-models.ts';
import type { LocatedModel } from './merge-models.ts';
import { modelIdentity } from './model-identity.ts';

/** What one endpoint has. */
export interface EndpointModels {
  readonly endpoint: string;
  readonly type: BackendType;
  readonly models: readonly EndpointModel[];
}

export const EMPTY_CATALOG: Catalog = { revision: 0, models: [] };

/**
 * Unifies what all endpoints have: one entry for each model, under all its names, with all its locations. Pure: the
 * same fleet gives the same entries in the same order, whatever order the endpoints came in.
 *
 * @param previous keeps `created` and, if nothing changed, is returned itself
 * @param now epoch milliseconds; `created` of models seen for the first time
 */
export function buildCatalog(
  perEndpoint: readonly EndpointModels[],
  previous: Catalog | null,
  now: number,
): Catalog {
  const groups = new Map<string, LocatedModel[]>();
  for (const { endpoint, type, models } of perEndpoint) {
    for (const model of models) {
      const identity = modelIdentity(model);
      const group = groups.get(identity);
      if (group === undefined) groups.set(identity, [{ endpoint, type, model }]);
      else group.push({ endpoint, type, model });
    }
  }
  const before = new Map((previous?.models ?? []).map((model) => [model.id, model]));
  const models = mergeModels([...groups.values()], before, Math.floor(now / 1000));
  if (previous !== null && sameModels(models, previous.models)) return previous;
  // In step with the clock, so that two leaders in turn never give one number to different catalogues.
  return { revision: Math.max((previous?.revision ?? 0) + 1, now), models };
}

function sameModels(a: readonly CatalogModel[], b: readonly CatalogModel[]): boolean {
  return a.length === b.length && a.every((model, at) => JSON.stringify(model) === JSON.stringify(b[at]));
}
