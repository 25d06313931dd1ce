import type { BackendType } from '@olla/core/backend-type';
import type { BackendProfile } from '../profile.ts';
import { PROFILES } from '../table.ts';
import type { ListedEndpoint, ListingSource, Scope } from './listing-source.ts';
import { nativeModels, selectModels, type NativeModel } from './select-models.ts';
import { lmStudioList, lmStudioModel } from './lm-studio.ts';
import { ollamaPs, ollamaTags, ollamaVersion } from './ollama.ts';
import { namedFromListed, namedFromNative, openAiList, openAiModel, vllmList, vllmModel } from './openai.ts';
import type { NamedModel } from './openai.ts';
import { unifiedList } from './unified.ts';

/** `found: false` is a 404 for the model named. */
export type FleetAnswer =
  { readonly found: true; readonly body: object } | { readonly found: false; readonly model: string };

/** Types whose endpoints `/olla/openai/*` and `/olla/proxy/*` reach. */
export const OPENAI_TYPES: ReadonlySet<BackendType> = new Set(
  PROFILES.filter((profile) => profile.openAiBase !== null).map((profile) => profile.type),
);

/**
 * What a GET is answered with for the whole fleet instead of being relayed to one endpoint; null for paths that are
 * relayed.
 *
 * @param profile of the route; null for routes that reach all OpenAI-capable endpoints, where ids of the catalogue
 *   are listed instead of native names
 * @param path decoded, without query and without the route's prefix: `/v1/models`, `/api/tags`
 */
export function answerForFleet(
  profile: BackendProfile | null,
  path: string,
  source: ListingSource,
): FleetAnswer | null {
  if (profile === null || profile.type === 'openai-compatible') return answerOpenAi(path, source);
  const scope: Scope = { types: new Set([profile.type]), available: true };
  if (profile.type === 'ollama') {
    if (path === '/api/tags') return found(ollamaTags(nativeModels(source, scope)));
    if (path === '/api/ps') return found(ollamaPs(nativeModels(source, scope)));
    if (path === '/api/version') return found(ollamaVersion(serving(source, 'ollama')));
  }
  if (profile.type === 'lm-studio') {
    const v0 = '/api/v0/models';
    if (path === v0) return found(lmStudioList(nativeModels(source, scope)));
    if (path.startsWith(`${v0}/`)) return one(source, scope, path.slice(v0.length + 1), lmStudioModel);
  }
  const isVllm = profile.type === 'vllm';
  const list = isVllm ? vllmList : openAiList;
  const entry = isVllm ? vllmModel : openAiModel;
  for (const listPath of listPaths(profile)) {
    if (path === listPath) return found(list(nativeModels(source, scope).map(namedFromNative)));
    if (path.startsWith(`${listPath}/`)) {
      return one(source, scope, path.slice(listPath.length + 1), (model) => entry(namedFromNative(model)));
    }
  }
  return null;
}

/** The OpenAI list's path as clients write it, and as the server itself has it. */
function listPaths({ openAiBase, type }: BackendProfile): string[] {
  if (openAiBase === null) return [];
  const own = type === 'lm-studio' ? '/api/v1/models' : `${openAiBase}/v1/models`;
  return [...new Set(['/v1/models', own])];
}

function answerOpenAi(path: string, source: ListingSource): FleetAnswer | null {
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
): FleetAnswer {
  const wanted = source.find(name);
  const models = nativeModels(source, scope);
  const model =
    models.find((native) => native.name === name) ?? models.find((native) => native.model === wanted);
  return model === undefined || wanted === undefined ? { found: false, model: name } : found(render(model));
}

function serving(source: ListingSource, type: BackendType): ListedEndpoint[] {
  return source.endpoints.filter((at) => at.type === type && at.status.serves);
}

function found(body: object): FleetAnswer {
  return { found: true, body };
}

/** Formats of `GET /olla/models?format=`. */
export const LIST_FORMATS = ['unified', 'openai', 'ollama', 'lmstudio', 'vllm', 'llamacpp'] as const;
export type ListFormat = (typeof LIST_FORMATS)[number];

/** `GET /olla/models` in a provider's format, with its filters. */
export function listModels(source: ListingSource, format: ListFormat, scope: Scope): object {
  const listed = selectModels(source, scope);
  if (format === 'unified') return unifiedList(listed);
  if (format === 'openai') return openAiList(listed.map(namedFromListed));
  if (format === 'vllm') return vllmList(listed.map(namedFromListed));
  const type = ({ ollama: 'ollama', lmstudio: 'lm-studio', llamacpp: 'llamacpp' } as const)[format];
  const native = nativeModels(source, { types: new Set([type]), ...scope });
  if (format === 'ollama') return ollamaTags(native);
  return format === 'lmstudio' ? lmStudioList(native) : openAiList(native.map(namedFromNative));
}
