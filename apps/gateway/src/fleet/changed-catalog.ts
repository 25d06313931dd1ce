import { newModel } from '@olla/backends/reading/model';
import { buildCatalog } from '@olla/core/catalog/build-catalog';
import type { NameRules } from '@olla/core/catalog/names/name-rules';
import { plainName } from '@olla/core/catalog/names/plain-name';
import type { Catalog, CatalogModel, EndpointModel } from '@olla/core/snapshot';

/** A name that an endpoint has, or no longer has, since a successful call. */
export interface NameChange {
  readonly kind: 'added' | 'removed';
  /** As the endpoint lists it. */
  readonly name: string;
  /** For an added name: the model of the same endpoint whose weights and properties it shares; null for none. */
  readonly like: string | null;
}

export interface ChangeAtEndpoint {
  readonly endpoint: string;
  readonly change: NameChange;
  /** The rules for reading the names of an endpoint. */
  readonly rulesOf: (endpoint: string) => NameRules;
  /** Epoch milliseconds. */
  readonly now: number;
}

/**
 * The catalog after a change at one endpoint. Only the models of that name are grouped again: other copies of the same
 * model appear with the agent's next list.
 *
 * @returns the same catalog if it shows the change already
 */
export function changedCatalog(
  catalog: Catalog,
  { endpoint, change, rulesOf, now }: ChangeAtEndpoint,
): Catalog {
  if (isReflected(catalog, endpoint, change)) return catalog;
  const wanted = plainName(change.name);
  const touched = catalog.models.filter(({ locations }) =>
    locations.some(({ model }) => plainName(model.name) === wanted),
  );
  const byEndpoint = new Map<string, EndpointModel[]>();
  const add = (at: string, model: EndpointModel): void => {
    const known = byEndpoint.get(at);
    if (known === undefined) byEndpoint.set(at, [model]);
    else known.push(model);
  };
  for (const { locations } of touched)
    for (const { endpoint: at, model } of locations)
      if (at !== endpoint || plainName(model.name) !== wanted) add(at, model);
  if (change.kind === 'added') add(endpoint, newName(catalog, endpoint, change, now));
  const regrouped = [...byEndpoint].map(([at, models]) => ({ endpoint: at, rules: rulesOf(at), models }));
  const built = buildCatalog(regrouped, { revision: catalog.revision, models: touched }, now);
  const models = [...catalog.models.filter((model) => !touched.includes(model)), ...built.models];
  models.sort((a, b) => (a.id < b.id ? -1 : 1));
  return { revision: catalog.revision, models };
}

/** Whether a catalog shows a change: it has the added name at that endpoint, or no longer has the removed one. */
export function isReflected(catalog: Catalog, endpoint: string, { kind, name }: NameChange): boolean {
  return (findAt(catalog.models, endpoint, name) !== null) === (kind === 'added');
}

function newName(catalog: Catalog, endpoint: string, { name, like }: NameChange, now: number): EndpointModel {
  const known = like === null ? null : findAt(catalog.models, endpoint, like);
  const unloaded = { resident: false, residentUntil: null, loadedAs: null, modifiedAt: now };
  return known === null ? newModel(name, unloaded) : { ...known, ...unloaded, name };
}

function findAt(models: readonly CatalogModel[], endpoint: string, name: string): EndpointModel | null {
  const wanted = plainName(name);
  for (const { locations } of models)
    for (const { endpoint: at, model } of locations)
      if (at === endpoint && plainName(model.name) === wanted) return model;
  return null;
}
