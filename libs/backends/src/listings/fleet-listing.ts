import type { ListedEndpoint } from './listing-source.ts';
import { namedFromNative, openAiList, openAiModel } from './openai.ts';
import type { ListedModel, NativeModel } from './select-models.ts';

/** The endpoints of one type that serve, and what they have. */
export interface ServingEndpoints {
  endpoints(): readonly ListedEndpoint[];
  models(): readonly NativeModel[];
}

/** A GET of a server that the gateway answers for all endpoints of the type, instead of relaying it to one of them. */
export interface FleetListing {
  readonly path: string;
  readonly list: (serving: ServingEndpoints) => object;
  /** What `path/NAME` is answered with; null where the server has no such paths. */
  readonly entry: ((model: NativeModel) => object) | null;
}

/** What a form of `GET /olla/models` is made of. */
export interface FormatInput {
  /** By the ids of the catalog. */
  listed(): readonly ListedModel[];
  /** Those of the type's endpoints, by their native names. */
  native(): readonly NativeModel[];
}

/**
 * The model lists of the OpenAI API: at the path that clients write, and at the server's own.
 *
 * @param base what stands in front of an OpenAI path on this server
 */
export function openAiListings(base: string): FleetListing[] {
  const paths = new Set(['/v1/models', `${base}/v1/models`]);
  return [...paths].map((path) => ({
    path,
    list: ({ models }) => openAiList(models().map(namedFromNative)),
    entry: (model) => openAiModel(namedFromNative(model)),
  }));
}
