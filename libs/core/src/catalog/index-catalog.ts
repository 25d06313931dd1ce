import type { Catalog, CatalogModel } from '../snapshot.ts';
import { plainName } from './names/plain-name.ts';

/** Finds models of one catalog by any of their names. */
export interface ModelIndex {
  /** By id or alias: as written, else in any case, else with or without what Ollama adds, such as `:latest`. */
  find(name: string): CatalogModel | undefined;
}

/** Indexes a catalog once, so that `find` costs the same whatever its size. */
export function indexCatalog(catalog: Catalog): ModelIndex {
  const exact = new Map<string, CatalogModel>();
  const folded = new Map<string, CatalogModel>();
  const plain = new Map<string, CatalogModel>();
  const add = (name: string, model: CatalogModel): void => {
    if (!exact.has(name)) exact.set(name, model);
    const lower = name.toLowerCase();
    if (!folded.has(lower)) folded.set(lower, model);
    const bare = plainName(lower);
    if (!plain.has(bare)) plain.set(bare, model);
  };
  // Ids before aliases: an alias of one model must not hide the id of another.
  for (const model of catalog.models) add(model.id, model);
  for (const model of catalog.models) for (const alias of model.aliases) add(alias, model);
  return {
    find: (name) => exact.get(name) ?? folded.get(name.toLowerCase()) ?? plain.get(plainName(name)),
  };
}
