import type { Catalog, CatalogModel } from '../snapshot.ts';
import { withoutLatest } from './latest-tag.ts';
import { plainName } from './names/plain-name.ts';

/** A name of several models, because servers have different quantisations under it. */
export interface SharedName {
  readonly name: string;
  readonly models: readonly CatalogModel[];
}

/** Finds models of one catalog by any of their names. */
export interface ModelIndex {
  /**
   * The models that a name means, several if the name is shared. A name is found by id or alias as written, except for
   * `:latest`; then in any letter case, with or without the parts that Ollama adds; then by a name with `@` and a
   * quantisation behind it.
   */
  find(name: string): readonly CatalogModel[];
  readonly sharedNames: readonly SharedName[];
}

const NONE: readonly CatalogModel[] = [];

/** Indexes a catalog once, so that the cost of `find` does not depend on its size. */
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

/** `name@q8_0`: of the models that a name means, those with this quantisation. */
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

/** The shared name as servers spell it: with `:latest` if one does. */
function writtenName(key: string, models: readonly CatalogModel[]): string {
  const tagged = `${key}:latest`;
  return models.some(({ id, aliases }) => id === tagged || aliases.includes(tagged)) ? tagged : key;
}
