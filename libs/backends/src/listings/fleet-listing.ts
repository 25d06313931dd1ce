import type { ListedEndpoint } from './listing-source.ts';
import { namedFromNative, openAiList, openAiModel } from './openai.ts';
import type { ListedModel, NativeModel } from './select-models.ts';

/** The endpoints of one type that serve, and their models. */
export interface ServingEndpoints {
  endpoints(): readonly ListedEndpoint[];
  models(): readonly NativeModel[];
}

/** A GET that the gateway answers for all endpoints of a type instead of relaying it to one of them. */
export interface FleetListing {
  readonly path: string;
  /** An object for JSON, or text; null if there is no content, so that the request is relayed. */
  readonly list: (serving: ServingEndpoints) => object | string | null;
  /** The response to `path/NAME`; null if the server has no such path. */
  readonly entry: ((model: NativeModel) => object) | null;
}

/** The models for a form of `GET /olla/models`. */
export interface FormatInput {
  /** All models, by their ids in the catalog. */
  listed(): readonly ListedModel[];
  /** The models of the type's endpoints, by their native names. */
  native(): readonly NativeModel[];
}

/**
 * OpenAI's list of models, at the path that clients use and at the server's own.
 *
 * @param base the prefix of OpenAI paths on this server
 * @param others further paths of the server with the same list, but without single models
 */
export function openAiListings(base: string, ...others: string[]): FleetListing[] {
  const paths = new Set(['/v1/models', `${base}/v1/models`, ...others]);
  return [...paths].map((path) => ({
    path,
    list: ({ models }) => openAiList(models().map(namedFromNative)),
    entry: others.includes(path) ? null : (model) => openAiModel(namedFromNative(model)),
  }));
}
