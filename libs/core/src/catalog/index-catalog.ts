import type { Catalog, CatalogModel } from '../snapshot.ts';

/** Finds models of one catalog by any of their names. */
export interface ModelIndex {
  /** By id or alias: as written, else in any case, else with or without Ollama's `:latest`. */
  find(name: string): CatalogModel | undefined;
}

const LATEST = ':latest';

/** Indexes a catalog once, so that `find` costs the same whatever its size. */
export function indexCatalog(catalog: Catalog): ModelIndex {
  const exact = new Map<string, CatalogModel>();
  const folded = new Map<string, CatalogModel>();
  const add = (name: string, model: CatalogModel): void => {
    if (!exact.has(name)) exact.set(name, model);
    const lower = name.toLowerCase();
    if (!folded.has(lower)) folded.set(lower, model);
  };
  // Ids before aliases: an alias of one model must not hide the id of another.
  for (const model of catalog.models) add(model.id, model);
  for (const model of catalog.models) for (const alias of model.aliases) add(alias, model);
  return {
    find: (name) => {
      const found = exact.get(name);
      if (found !== undefined) return found;
      const lower = name.toLowerCase();
      return folded.get(lower) ?? folded.get(otherTag(lower));
    },
  };
}

/** `llama3` for `llama3:latest` and the other way round. */
function otherTag(name: string): string {
  return name.endsWith(LATEST) ? name.slice(0, -LATEST.length) : name + LATEST;
}
