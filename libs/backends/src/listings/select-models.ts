import type { CatalogModel, ModelLocation } from '@olla/core/snapshot';
import type { ListedEndpoint, ListingSource, Scope } from './listing-source.ts';

/** A location with the endpoint it is at. */
export interface PlacedModel extends ModelLocation {
  readonly at: ListedEndpoint;
}

/** A model of a listing with those of its locations that are in scope. */
export interface ListedModel {
  readonly id: string;
  readonly model: CatalogModel;
  /** At least one. */
  readonly places: readonly PlacedModel[];
  /** Names of the models that a configured alias stands for; null for a model itself. */
  readonly aliasFor: readonly string[] | null;
}

/** The models in scope, in the catalog's order, and after them the configured aliases that lead to one of them. */
export function selectModels(source: ListingSource, scope: Scope): ListedModel[] {
  const endpoints = new Map(source.endpoints.map((endpoint) => [endpoint.name, endpoint]));
  const listed: ListedModel[] = [];
  for (const model of source.models) {
    const one = listModel(model, endpoints, scope);
    if (one !== null) listed.push(one);
  }
  const ids = new Set(listed.map(({ id }) => id));
  for (const [alias, names] of Object.entries(source.modelAliases)) {
    if (ids.has(alias)) continue;
    const targets = names.map((name) => source.find(name)).filter((model) => model !== undefined);
    const reached = targets.map((model) => listModel(model, endpoints, scope)).filter((one) => one !== null);
    const first = reached[0];
    if (first === undefined) continue;
    const places = [...new Set(reached)].flatMap((one) => one.places);
    listed.push({ id: alias, model: first.model, places, aliasFor: names });
  }
  return listed;
}

function listModel(
  model: CatalogModel,
  endpoints: ReadonlyMap<string, ListedEndpoint>,
  scope: Scope,
): ListedModel | null {
  if (scope.family !== undefined && model.family?.toLowerCase() !== scope.family.toLowerCase()) return null;
  if (scope.type !== undefined && !isOfKind(model, scope.type)) return null;
  const places: PlacedModel[] = [];
  for (const location of model.locations) {
    const at = endpoints.get(location.endpoint);
    if (at === undefined || (scope.types !== undefined && !scope.types.has(at.type))) continue;
    if (scope.endpoint === undefined || scope.endpoint === at.name) places.push({ ...location, at });
  }
  if (places.length === 0) return null;
  const serves = places.some(({ at }) => at.status.serves);
  if (scope.available !== undefined && scope.available !== serves) return null;
  return { id: model.id, model, places, aliasFor: null };
}

function isOfKind({ kind }: CatalogModel, wanted: string): boolean {
  const word = wanted.toLowerCase();
  if (word === 'llm') return kind === 'llm' || kind === 'unknown';
  return kind === word || `${word}s` === kind;
}

/** One name of a type's own list: a native name of its endpoints, or a configured alias that leads to one. */
export interface NativeModel {
  readonly name: string;
  readonly model: CatalogModel;
  /** At least one. */
  readonly places: readonly PlacedModel[];
}

/**
 * The names that the endpoints themselves have, each once, and the aliases that lead to them.
 *
 * @param scope with `available: true` the endpoints that do not serve are left out altogether
 */
export function nativeModels(source: ListingSource, scope: Scope): NativeModel[] {
  const byName = new Map<string, { model: CatalogModel; places: PlacedModel[] }>();
  for (const { id, model, places, aliasFor } of selectModels(source, scope)) {
    for (const place of places) {
      if (scope.available === true && !place.at.status.serves) continue;
      const name = aliasFor === null ? place.model.name : id;
      const known = byName.get(name);
      if (known === undefined) byName.set(name, { model, places: [place] });
      else known.places.push(place);
    }
  }
  return [...byName].map(([name, entry]) => ({ name, ...entry }));
}
