import type { BackendType } from '@olla/core/backend-type';
import type { ModelNames } from '@olla/core/catalog/model-names';
import type { EndpointView } from '@olla/core/route-plan/endpoint-view';
import type { CatalogModel } from '@olla/core/snapshot';

/** An endpoint as listings need it: what a worker plans with. */
export type ListedEndpoint = Pick<EndpointView, 'name' | 'type' | 'status' | 'probed'>;

/** What listings are made of: the worker's own view, so that they offer what it would route. */
export interface ListingSource {
  readonly models: readonly CatalogModel[];
  /** Those that this gateway is configured with. What others have is not listed. */
  readonly endpoints: readonly ListedEndpoint[];
  /** What names mean, as for requests. */
  readonly names: ModelNames;
}

/** Which part of the fleet a listing is about. Everything absent is no condition. */
export interface Scope {
  /** Backend types of the route. */
  readonly types?: ReadonlySet<BackendType>;
  /** Name of an endpoint. */
  readonly endpoint?: string;
  readonly family?: string;
  /** `llm`, `vlm`, `embeddings` …; `llm` takes in models of a kind that nobody tells. */
  readonly type?: string;
  /** True: only what an endpoint serves now; false: only what none serves. */
  readonly available?: boolean;
}
