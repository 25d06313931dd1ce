import type { BackendType } from '@olla/core/backend-type';
import type { ModelNames } from '@olla/core/catalog/model-names';
import type { EndpointView } from '@olla/core/route-plan/endpoint-view';
import type { CatalogModel } from '@olla/core/snapshot';

/** The data of an endpoint that listings need, from a worker's plan. */
export type ListedEndpoint = Pick<EndpointView, 'name' | 'type' | 'status' | 'probed'>;

/** The input of listings: the worker's own view, so that they offer the models that it would route. */
export interface ListingSource {
  readonly models: readonly CatalogModel[];
  /** The endpoints in this gateway's configuration. Models of others are not listed. */
  readonly endpoints: readonly ListedEndpoint[];
  /** The meaning of names, as for requests. */
  readonly names: ModelNames;
}

/** The part of the fleet that a listing covers. Absent fields are no condition. */
export interface Scope {
  /** Backend types of the route. */
  readonly types?: ReadonlySet<BackendType>;
  /** Name of an endpoint. */
  readonly endpoint?: string;
  readonly family?: string;
  /** `llm`, `vlm`, `embeddings` …; `llm` includes models of an unknown kind. */
  readonly type?: string;
  /** True: only models that an endpoint serves now; false: only those that none serves. */
  readonly available?: boolean;
}
