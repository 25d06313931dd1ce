import type { BackendType } from '@olla/core/backend-type';
import type { BackendProfile } from '../profile.ts';
import { DEFAULT_PROFILE, PROFILES } from '../table.ts';
import type { ListingSource, Scope } from './listing-source.ts';
import { namedFromListed, openAiList, openAiModel, type NamedModel } from './openai.ts';
import { nativeModels, selectModels, type ListedModel, type NativeModel } from './select-models.ts';
import { unifiedList } from './unified.ts';

/** `found: false` where the model named is not offered. */
export type FleetListing =
  { readonly found: true; readonly body: object } | { readonly found: false; readonly model: string };

/** Types with OpenAI's API. */
export const OPENAI_TYPES: ReadonlySet<BackendType> = new Set(
  PROFILES.filter((profile) => profile.openAiBase !== null).map((profile) => profile.type),
);

/**
 * Answers a GET for the whole fleet, instead of relaying it to one endpoint; null for paths that are relayed.
 *
 * @param profile of the route; null for routes to all endpoints with OpenAI's API, which list ids of the catalog and
 *   not native names
 * @param path decoded, without query and without the route's prefix: `/v1/models`, `/api/tags`
 */
export function answerForFleet(
  profile: BackendProfile | null,
  path: string,
  source: ListingSource,
): FleetListing | null {
  if (profile === null || profile === DEFAULT_PROFILE) return answerOpenAi(path, source);
  const scope: Scope = { types: new Set([profile.type]), available: true };
  for (const { path: listPath, list, entry } of profile.listings) {
    if (path === listPath) {
      const endpoints = () => source.endpoints.filter((at) => at.type === profile.type && at.status.serves);
      return found(list({ endpoints, models: () => nativeModels(source, scope) }));
    }
    if (entry !== null && path.startsWith(`${listPath}/`))
      return one(source, scope, path.slice(listPath.length + 1), entry);
  }
  return null;
}

function answerOpenAi(path: string, source: ListingSource): FleetListing | null {
  const scope: Scope = { types: OPENAI_TYPES, available: true };
  if (path === '/v1/models') return found(openAiList(selectModels(source, scope).map(namedFromListed)));
  if (!path.startsWith('/v1/models/')) return null;
  const name = path.slice('/v1/models/'.length);
  const model = findNamed(source, scope, name);
  return model === undefined ? { found: false, model: name } : found(openAiModel({ ...model, id: name }));
}

function findNamed(source: ListingSource, scope: Scope, name: string): NamedModel | undefined {
  const id = source.find(name)?.id ?? name;
  const listed = selectModels(source, scope).find((one) => one.id === id);
  return listed === undefined ? undefined : namedFromListed(listed);
}

function one(
  source: ListingSource,
  scope: Scope,
  name: string,
  render: (model: NativeModel) => object,
): FleetListing {
  const wanted = source.find(name);
  const models = nativeModels(source, scope);
  const model =
    models.find((native) => native.name === name) ?? models.find((native) => native.model === wanted);
  return model === undefined || wanted === undefined ? { found: false, model: name } : found(render(model));
}

function found(body: object): FleetListing {
  return { found: true, body };
}

/** The forms of `GET /olla/models` that a type gives, by the word of the API for the type. */
const TYPE_FORMATS: ReadonlyMap<string, BackendProfile> = new Map(
  PROFILES.filter(({ modelsFormat }) => modelsFormat !== null).map((profile) => [
    profile.contractName,
    profile,
  ]),
);

/** What `format` of `GET /olla/models` may be. */
export const LIST_FORMATS: readonly string[] = ['unified', 'openai', ...TYPE_FORMATS.keys()];

/** `GET /olla/models` in a form, with its filters. @throws RangeError for a format that is not one of LIST_FORMATS */
export function listModels(source: ListingSource, format: string, scope: Scope): object {
  const listed = (): ListedModel[] => selectModels(source, scope);
  if (format === 'unified') return unifiedList(listed());
  if (format === 'openai') return openAiList(listed().map(namedFromListed));
  const profile = TYPE_FORMATS.get(format);
  if (profile === undefined || profile.modelsFormat === null) throw new RangeError(`no format ${format}`);
  const types = new Set([profile.type]);
  return profile.modelsFormat({ listed, native: () => nativeModels(source, { types, ...scope }) });
}
