import type { CatalogModel } from '../snapshot.ts';

/** The one model of these endpoints; null if they have several, or none. */
export function onlyModel(
  models: readonly CatalogModel[],
  endpoints: ReadonlySet<string>,
): CatalogModel | null {
  let only: CatalogModel | null = null;
  for (const model of models) {
    if (!model.locations.some(({ endpoint }) => endpoints.has(endpoint))) continue;
    if (only !== null) return null;
    only = model;
  }
  return only;
}
