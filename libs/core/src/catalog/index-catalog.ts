import type { Catalog, CatalogModel } from '../snapshot.ts';
import { withoutLatest } from './latest-tag.ts';
import { plainName } from './names/plain-name.ts';

/** A name that several models have: of their servers, each has another quantisation under it. */
export interface SharedName {
  readonly name: string;
  readonly models: readonly CatalogModel[];
}

/** Finds models of one catalog by any of their names. */
export interface ModelIndex {
  /**
   * The models that a name means, more than one if it is shared: by id or alias as written, but for `:latest`; else in
   * any case, with or without what Ollama adds; else by a name with `@` and a quantisation behind it.
   */
  find(name: string): readonly CatalogModel[];
  readonly sharedNames: readonly SharedName[];
}

const NONE: readonly CatalogModel[] = [];

/** Indexes a catalog once, so that `find` costs the same whatever its size. */
export function indexCatalog(catalog: Catalog): ModelIndex {
  const exact = new Map<string, CatalogModel[]>();
  const plain = new Map<string, CatalogModel[]>();
  const add = (to: Map<string, CatalogModel[]>, key: string, model: CatalogModel): void => {
    const known = to.get(key);
    if (known === undefined) to.set(key, [model]);
    else if (!known.includes(model)) known.push(model);
  };
  for (const model of catalog.models) {
    for (const name of [model.id, ...model.aliases]) {
      add(exact, withoutLatest(name), model);
      add(plain, plainName(name), model);
    }
  }
  const findNamed = (name: string): readonly CatalogModel[] | undefined =>
    exact.get(withoutLatest(name)) ?? plain.get(plainName(name));
  return {
    find: (name) => findNamed(name) ?? findQuantization(name, findNamed) ?? NONE,
    sharedNames: [...exact]
      .filter(([, models]) => models.length > 1)
      .map(([key, models]) => ({ name: writtenName(key, models), models })),
  };
}

/** `name@q8_0`: of the models that a name means those with this quantisation. */
function findQuantization(
  name: string,
  find: (name: string) => readonly CatalogModel[] | undefined,
): readonly CatalogModel[] | undefined {
  const at = name.lastIndexOf('@');
  if (at <= 0) return undefined;
  const wanted = name.slice(at + 1).toLowerCase();
  const found = find(name.slice(0, at))?.filter(({ quantization }) => quantization?.toLowerCase() === wanted);
  return found === undefined || found.length === 0 ? undefined : found;
}

/** The shared name as servers have it: with `:latest` if one has it so. */
function writtenName(key: string, models: readonly CatalogModel[]): string {
  const tagged = `${key}:latest`;
  return models.some(({ id, aliases }) => id === tagged || aliases.includes(tagged)) ? tagged : key;
}
