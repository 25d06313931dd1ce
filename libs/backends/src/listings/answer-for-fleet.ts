import type { BackendType } from '@olla/core/backend-type';
import type { BackendProfile } from '../profile.ts';
import { DEFAULT_PROFILE, PROFILES } from '../table.ts';
import { joinCopies } from './join-copies.ts';
import type { ListingSource, Scope } from './listing-source.ts';
import { namedFromListed, openAiList, openAiModel, type NamedModel } from './openai.ts';
import {
  findListed,
  nativeModels,
  selectModels,
  type ListedModel,
  type NativeModel,
} from './select-models.ts';
import { unifiedList } from './unified.ts';

/** The answer of a listing. */
export type FleetListing =
  /** An object for JSON, or text. */
  | { readonly found: true; readonly body: object | string }
  /** The named model is not offered. */
  | { readonly found: false; readonly model: string };

/** The scope of a listing: one type, all endpoints with OpenAI's API, or all that have the path. */
export type ListingScope = BackendProfile | 'openai' | 'any';

/** Types with OpenAI's API. */
export const OPENAI_TYPES: ReadonlySet<BackendType> = new Set(
  PROFILES.filter((profile) => profile.openAiBase !== null).map((profile) => profile.type),
);

const ALL: readonly BackendProfile[] = PROFILES;

/**
 * Answers a GET for the whole fleet, instead of relaying it to one endpoint; null for paths that are relayed.
 *
 * @param scope for several types, OpenAI's path lists ids of the catalog instead of native names
 * @param path decoded, without query and without the route's prefix: `/v1/models`, `/api/tags`
 */
export function answerForFleet(
  scope: ListingScope,
  path: string,
  source: ListingSource,
): FleetListing | null {
  if (scope === 'openai' || scope === DEFAULT_PROFILE) return answerOpenAi(path, source);
  return scope === 'any' ? answerAny(path, source) : answerOfType(scope, path, source);
}

function answerOpenAi(path: string, source: ListingSource): FleetListing | null {
  const scope: Scope = { types: OPENAI_TYPES, available: true };
  if (path === OPENAI_LIST) return found(openAiList(selectModels(source, scope).map(namedFromListed)));
  if (!path.startsWith(`${OPENAI_LIST}/`)) return null;
  const name = path.slice(OPENAI_LIST.length + 1);
  const model = findNamed(source, scope, name);
  return model === undefined ? { found: false, model: name } : found(openAiModel({ ...model, id: name }));
}

const OPENAI_LIST = '/v1/models';

function findNamed(source: ListingSource, scope: Scope, name: string): NamedModel | undefined {
  const model = findListed(source, scope, name);
  return model === undefined ? undefined : namedFromListed(model);
}

/** Merges the listings of all types that have the path: they differ in their fields, or list different models. */
function answerAny(path: string, source: ListingSource): FleetListing | null {
  if (path === OPENAI_LIST || path.startsWith(`${OPENAI_LIST}/`)) return answerOpenAi(path, source);
  const able = ALL.filter((profile) => isListing(profile, path));
  const present = able.filter(({ type }) => source.endpoints.some((endpoint) => endpoint.type === type));
  // If no server is of the type, a path below a list may belong to another type: `/models/load`.
  const isList = able.some(({ listings }) => listings.some((at) => at.path === path));
  const asked = present.length > 0 || !isList ? present : able.slice(0, 1);
  const answers = asked.map((profile) => answerOfType(profile, path, source)).filter((one) => one !== null);
  const bodies = answers.flatMap((one) => (one.found && typeof one.body === 'object' ? [one.body] : []));
  return bodies.length > 1 ? found(merged(bodies)) : (answers.find((one) => one.found) ?? answers[0] ?? null);
}

/** One object with the fields of all; lists of one field are concatenated. A list that is no field is left out. */
function merged(bodies: readonly object[]): object {
  const fields = new Map<string, unknown>();
  for (const [field, value] of bodies.flatMap((body) =>
    Array.isArray(body) ? [] : (Object.entries(body) as [string, unknown][]),
  )) {
    const before = fields.get(field);
    if (Array.isArray(before) && Array.isArray(value))
      fields.set(field, [...before, ...(value as unknown[])]);
    else if (!fields.has(field)) fields.set(field, value);
  }
  return Object.fromEntries(fields);
}

function answerOfType(profile: BackendProfile, path: string, source: ListingSource): FleetListing | null {
  const scope: Scope = { types: new Set([profile.type]), available: true };
  for (const { path: listPath, list, entry } of profile.listings) {
    if (path === listPath) {
      const endpoints = () => source.endpoints.filter((at) => at.type === profile.type && at.status.serves);
      const body = list({ endpoints, models: () => nativeModels(source, scope) });
      return body === null ? null : found(body);
    }
    if (entry !== null && path.startsWith(`${listPath}/`))
      return one(source, scope, path.slice(listPath.length + 1), entry);
  }
  return null;
}

/** Whether GETs of a path are answered for the fleet. */
export function isListedFor(scope: ListingScope, path: string): boolean {
  if (scope === 'openai' || scope === DEFAULT_PROFILE) return isListing(DEFAULT_PROFILE, path);
  return scope === 'any' ? ALL.some((profile) => isListing(profile, path)) : isListing(scope, path);
}

function isListing({ listings }: BackendProfile, path: string): boolean {
  return listings.some((at) => path === at.path || (at.entry !== null && path.startsWith(`${at.path}/`)));
}

function one(
  source: ListingSource,
  scope: Scope,
  name: string,
  render: (model: NativeModel) => object,
): FleetListing {
  const wanted = source.names.steps(name).flatMap(({ models }) => models.map(({ model }) => model));
  const models = nativeModels(source, scope);
  const model =
    models.find((native) => native.name === name) ?? models.find((native) => wanted.includes(native.model));
  return model === undefined ? { found: false, model: name } : found(render(model));
}

function found(body: object | string): FleetListing {
  return { found: true, body };
}

/** The forms of `GET /olla/models` of the types, by the type's word in the API. */
const TYPE_FORMATS: ReadonlyMap<string, BackendProfile> = new Map(
  PROFILES.filter(({ modelsFormat }) => modelsFormat !== null).map((profile) => [
    profile.contractName,
    profile,
  ]),
);

/** The values of `format` of `GET /olla/models`. */
export const LIST_FORMATS: readonly string[] = ['unified', 'openai', ...TYPE_FORMATS.keys()];

/** `GET /olla/models` in a form, with its filters. @throws RangeError for a format outside LIST_FORMATS */
export function listModels(source: ListingSource, format: string, scope: Scope): object {
  const listed = (): ListedModel[] => selectModels(source, scope);
  if (format === 'unified') return unifiedList(joinCopies(listed()));
  if (format === 'openai') return openAiList(listed().map(namedFromListed));
  const profile = TYPE_FORMATS.get(format);
  if (profile === undefined || profile.modelsFormat === null) throw new RangeError(`no format ${format}`);
  const types = new Set([profile.type]);
  return profile.modelsFormat({ listed, native: () => nativeModels(source, { types, ...scope }) });
}
