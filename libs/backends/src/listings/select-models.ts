import type { ListedName, NamedModel, NameStep } from '@olla/core/catalog/model-names';
import { plainName } from '@olla/core/catalog/names/plain-name';
import type { CatalogModel, ModelLocation } from '@olla/core/snapshot';
import { pooledModel } from './pooled-model.ts';
import type { ListedEndpoint, ListingSource, Scope } from './listing-source.ts';

/** A location with its endpoint. */
export interface PlacedModel extends ModelLocation {
  readonly at: ListedEndpoint;
}

/** A model of a listing with its locations in scope. */
export interface ListedModel {
  readonly id: string;
  readonly model: CatalogModel;
  /** At least one. */
  readonly places: readonly PlacedModel[];
  /** The names of the models that the name means; null for a model itself. */
  readonly aliasFor: readonly string[] | null;
  /** Servers have this name for different models. */
  readonly isShared: boolean;
}

/**
 * The models in scope, in the catalog's order, followed by the names that mean them: names of several models, aliases,
 * and models with a fallback. An alias replaces a model of its name.
 */
export function selectModels(source: ListingSource, scope: Scope): ListedModel[] {
  const endpoints = new Map(source.endpoints.map((endpoint) => [endpoint.name, endpoint]));
  const placesOf = (model: CatalogModel): PlacedModel[] => placesInScope(model, endpoints, scope);
  const listed = new Map<string, ListedModel>();
  for (const model of source.models) {
    const places = placesOf(model);
    if (!isWanted(places, scope)) continue;
    listed.set(model.id, { id: model.id, model, places, aliasFor: null, isShared: false });
  }
  for (const name of source.names.listed) {
    const one = listName(name, placesOf);
    if (one === null) continue;
    if (one.step.kind === 'alias') listed.delete(name.name);
    // A fallback for a model does not hide it.
    if (isWanted(one.places, scope) && !listed.has(name.name)) listed.set(name.name, one);
  }
  return [...listed.values()];
}

/** The name by the first of its steps that an endpoint serves. Null if it is only a name of one model. */
function listName(
  { name, steps }: ListedName,
  placesOf: (model: CatalogModel) => readonly PlacedModel[],
): (ListedModel & { readonly step: NameStep }) | null {
  const placed = steps
    .map((step) => ({ step, places: routedPlaces(distinctModels(step.models).map(placesOf)) }))
    .filter(({ places }) => places.length > 0);
  const chosen = placed.find(({ places }) => serves(places)) ?? placed[0];
  if (chosen === undefined) return null;
  const { step, places } = chosen;
  const isShared = step.kind === 'model';
  const models = distinctModels(step.models);
  const [first, ...others] = models;
  if (first === undefined || (isShared && others.length === 0)) return null;
  const aliasFor = isShared ? models.map(({ id }) => id) : [...new Set(step.models.map((one) => one.name))];
  return { id: name, model: pooledModel(first, others), places, aliasFor, isShared, step };
}

/** If an endpoint has several of the models, it gets the first, as in the planner. */
function routedPlaces(byModel: readonly (readonly PlacedModel[])[]): PlacedModel[] {
  const seen = new Set<string>();
  return byModel.flatMap((places) => {
    const routed = places.filter(({ endpoint }) => !seen.has(endpoint));
    for (const { endpoint } of routed) seen.add(endpoint);
    return routed;
  });
}

function distinctModels(models: readonly NamedModel[]): CatalogModel[] {
  return [...new Set(models.map(({ model }) => model))];
}

/** The entry of a listing under any name that works as `model`. */
export function findListed(source: ListingSource, scope: Scope, name: string): ListedModel | undefined {
  const listed = selectModels(source, scope);
  const named =
    listed.find(({ id }) => id === name) ?? listed.find(({ id }) => plainName(id) === plainName(name));
  if (named !== undefined) return named;
  const ids = new Set(source.names.steps(name).flatMap(({ models }) => models.map(({ model }) => model.id)));
  return listed.find(({ id }) => ids.has(id));
}

function placesInScope(
  model: CatalogModel,
  endpoints: ReadonlyMap<string, ListedEndpoint>,
  scope: Scope,
): PlacedModel[] {
  if (scope.family !== undefined && model.family?.toLowerCase() !== scope.family.toLowerCase()) return [];
  if (scope.type !== undefined && !isOfKind(model, scope.type)) return [];
  const places: PlacedModel[] = [];
  for (const location of model.locations) {
    const at = endpoints.get(location.endpoint);
    if (at === undefined || (scope.types !== undefined && !scope.types.has(at.type))) continue;
    if (scope.endpoint === undefined || scope.endpoint === at.name) places.push({ ...location, at });
  }
  return places;
}

function isWanted(places: readonly PlacedModel[], { available }: Scope): boolean {
  return places.length > 0 && (available === undefined || available === serves(places));
}

function serves(places: readonly PlacedModel[]): boolean {
  return places.some(({ at }) => at.status.serves);
}

function isOfKind({ kind }: CatalogModel, wanted: string): boolean {
  const word = wanted.toLowerCase();
  if (word === 'llm') return kind === 'llm' || kind === 'unknown';
  return kind === word || `${word}s` === kind;
}

/** One name of a type's own list: a native name of its endpoints, or a name that means some of them. */
export interface NativeModel {
  readonly name: string;
  readonly model: CatalogModel;
  /** At least one. */
  readonly places: readonly PlacedModel[];
  readonly isAlias: boolean;
}

/**
 * The native names of the endpoints, each once, and the aliases that lead to them.
 *
 * @param scope with `available: true`, endpoints that do not serve are left out
 */
export function nativeModels(source: ListingSource, scope: Scope): NativeModel[] {
  const inScope = ({ at }: PlacedModel): boolean => scope.available !== true || at.status.serves;
  const natives = new Map<string, { model: CatalogModel; places: PlacedModel[] }>();
  const aliases = new Map<string, { model: CatalogModel; places: PlacedModel[] }>();
  for (const { id, model, places, aliasFor, isShared } of selectModels(source, scope)) {
    if (isShared) continue;
    const to = aliasFor === null ? natives : aliases;
    for (const place of places.filter(inScope)) {
      const name = aliasFor === null ? place.model.name : id;
      const known = to.get(name);
      if (known === undefined) to.set(name, { model, places: [place] });
      else known.places.push(place);
    }
  }
  return [...new Map([...natives, ...aliases])].map(([name, entry]) => ({
    name,
    ...entry,
    isAlias: !natives.has(name),
  }));
}
