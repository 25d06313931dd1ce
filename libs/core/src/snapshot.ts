import type { BackendType } from './backend-type.ts';

/**
 * State of an endpoint by the discovery agent's checks: `healthy`, `busy` (slow but serving), `warming` (coming back),
 * `unhealthy` (bad responses), `offline` (no connection), `unknown` (not checked yet), `config_error` (401 or 403, or a
 * type that is not in use), `rate_limited` (429, waiting for its Retry-After). endpoint-status.ts decides whether it
 * serves.
 */
export type EndpointState =
  'healthy' | 'busy' | 'warming' | 'unhealthy' | 'offline' | 'unknown' | 'config_error' | 'rate_limited';

/**
 * Versions order snapshots of all leaders: first by the leader's fencing token, then by the leader's own count.
 * `n` rises with every publication of that leader.
 */
export interface SnapshotVersion {
  readonly token: number;
  readonly n: number;
}

/** @returns below 0 if `a` is older than `b`, 0 if they are the same, above 0 if newer */
export function compareVersions(a: SnapshotVersion, b: SnapshotVersion): number {
  return a.token - b.token || a.n - b.n;
}

export type ModelKind = 'llm' | 'vlm' | 'embeddings' | 'rerank' | 'audio' | 'image' | 'unknown';

/** How a model in memory is loaded. `null` means that the backend does not report it. */
export interface LoadedModel {
  /** All memory that it occupies, and the part of it on the GPU. */
  readonly memoryBytes: number | null;
  readonly vramBytes: number | null;
  /** The context of requests, at most that of the model. */
  readonly contextLength: number | null;
}

/** JSON of a backend's list, by field. */
export type ListedFields = Readonly<Record<string, unknown>>;

/** One model as one endpoint has it. `null` means that the backend does not report it. */
export interface EndpointModel {
  /** The name that this backend accepts, in its letter case. */
  readonly name: string;
  readonly kind: ModelKind;
  /** In memory and ready to answer, or only on disk; null if the backend does not report it. */
  readonly resident: boolean | null;
  /** When the backend will unload it; epoch milliseconds. */
  readonly residentUntil: number | null;
  /** Absent or null if the backend does not report it, or the model is not in memory. */
  readonly loadedAs?: LoadedModel | null;
  readonly contextLength: number | null;
  readonly sizeBytes: number | null;
  readonly family: string | null;
  /** As the backend writes it, such as `8.0B`. */
  readonly parameterSize: string | null;
  /** As the backend writes it, such as `Q4_K_M`. */
  readonly quantization: string | null;
  readonly format: string | null;
  readonly digest: string | null;
  readonly publisher: string | null;
  readonly capabilities: readonly string[];
  /** When the model itself was changed or made, by the backend; epoch milliseconds. */
  readonly modifiedAt: number | null;
  /** Fields of the backend's list in OpenAI's form beyond OpenAI's own; passed on unchanged. Absent for none. */
  readonly openAiFields?: ListedFields;
  /** Fields of the backend's list in its own form; only listings of its type read them. Absent for none. */
  readonly ownFields?: ListedFields;
}

/** The load as the backend reports it. Null means that it does not report it. */
export interface EndpointLoad {
  /** Requests that it can process at once. */
  readonly slots: number | null;
  readonly running: number | null;
  readonly queued: number | null;
  /** Share of its KV memory in use, 0 to 1. */
  readonly kvUsage: number | null;
  /** When this was read; epoch milliseconds. */
  readonly at: number;
}

export interface EndpointSnapshot {
  readonly name: string;
  /** `name` and a hash of URL and type, the key of states, so that hosts whose files differ never mix. */
  readonly key: string;
  /** The detected type; for `auto` before the first response, `openai-compatible`. */
  readonly type: BackendType;
  readonly state: EndpointState;
  /** Why it is in this state, for people; empty when healthy. */
  readonly reason: string;
  /** Since when it is in this state; epoch milliseconds. */
  readonly since: number;
  /** Last and next health check; epoch milliseconds, null before the first. */
  readonly checkedAt: number | null;
  readonly nextCheckAt: number | null;
  /** Duration of the last health check in milliseconds. */
  readonly checkLatencyMs: number | null;
  /** When its models were last listed; epoch milliseconds. */
  readonly modelsAt: number | null;
  /** The newest `refresh` of the control record that its models were listed after; 0 for none. */
  readonly listedAfterRefresh: number;
  readonly load: EndpointLoad | null;
  /** Version of the server software if it reports one. */
  readonly serverVersion: string | null;
}

/** A location of a model of the catalog: an endpoint, and the name to use there. */
export interface ModelLocation {
  readonly endpoint: string;
  readonly model: EndpointModel;
}

/** One model of the fleet, under all the names that its endpoints have for it. */
export interface CatalogModel {
  readonly id: string;
  /** Every other name that works as `model`; the native names included, `id` excluded. */
  readonly aliases: readonly string[];
  readonly kind: ModelKind;
  readonly family: string | null;
  readonly variant: string | null;
  readonly parameterSize: string | null;
  readonly parameterCount: number | null;
  readonly quantization: string | null;
  readonly format: string | null;
  readonly contextLength: number | null;
  readonly capabilities: readonly string[];
  /** The same from discovery to discovery; epoch seconds. */
  readonly created: number;
  readonly locations: readonly ModelLocation[];
}

/** Immutable. `revision` changes only when `models` does, so that a change of state alone is cheap to publish. */
export interface Catalog {
  readonly revision: number;
  readonly models: readonly CatalogModel[];
}

/** The discovery agent's knowledge of the fleet at one moment. Immutable; workers route by the newest. */
export interface Snapshot {
  readonly version: SnapshotVersion;
  readonly publishedAt: number;
  /** Instance id of the agent that made it. */
  readonly agent: string;
  readonly endpoints: readonly EndpointSnapshot[];
  readonly catalog: Catalog;
}
