import type { BackendType } from '@olla/core/backend-type';
import type { NameRules } from '@olla/core/catalog/names/name-rules';
import type { EndpointModel, LoadedModel } from '@olla/core/snapshot';
import type { ApiPath } from './api-path.ts';
import type { FleetListing, FormatInput } from './listings/fleet-listing.ts';

/** A response of a backend as far as a probe reads it; the body is text, cut at the prober's limit. */
export interface ProbeResponse {
  readonly status: number;
  /** Lower-cased names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What the response to a health check says. `retryAfterMs` is there where the backend named a time. */
export type HealthVerdict =
  | { readonly ok: true }
  | {
      readonly ok: false;
      readonly state: 'unhealthy' | 'config_error' | 'rate_limited';
      readonly reason: string;
      readonly retryAfterMs?: number;
    };

/** A model that the backend says is in memory now. */
export interface ResidentModel {
  /** Epoch milliseconds until which it is kept; null where not told. */
  readonly until: number | null;
  readonly loadedAs: LoadedModel | null;
}

/** What one reading of a signal path tells; fields that are absent are not told by this path. */
export interface SignalReading {
  readonly slots?: number;
  readonly running?: number;
  readonly queued?: number;
  /** 0 to 1. */
  readonly kvUsage?: number;
  /** By native name. A model that is not in it is not in memory. */
  readonly resident?: ReadonlyMap<string, ResidentModel>;
  /** Context of each request where the backend tells it apart from the model list. */
  readonly contextLength?: number;
  readonly serverVersion?: string;
}

/** A path of the backend that tells of load or residency. */
export interface SignalReader {
  readonly path: string;
  readonly everyMs: number;
  /** Null if the text is not what this backend says there. */
  readonly parse: (body: string) => SignalReading | null;
}

/** How to learn more of one model than the list tells. */
export interface ModelDetailReader {
  readonly path: string;
  readonly requestBody: (name: string) => string;
  /** Whether the list leaves something open for this model. */
  readonly wanted: (model: EndpointModel) => boolean;
  /** The model with what the response adds; the same model if it adds nothing. */
  readonly merge: (model: EndpointModel, body: unknown) => EndpointModel;
}

/** Whether and how a backend speaks Anthropic's messages API itself. */
export interface AnthropicSupport {
  readonly messagesPath: string;
  /** First version of the server that has it; null for all. */
  readonly since: string | null;
  readonly countTokensPath: string | null;
}

export interface RequestHeaderRules {
  /** Names in lower case that never reach this server. */
  readonly drop: ReadonlySet<string>;
}

/** All that the gateway and the agent know of one kind of inference server. */
export interface BackendProfile<Type extends BackendType = BackendType> {
  /** Its name in the configuration. */
  readonly type: Type;
  /** Further names for it in the configuration. */
  readonly typeAliases: readonly string[];
  /** Path segments under `/olla/` that lead to endpoints of this type only. */
  readonly prefixes: readonly string[];
  /** The word for it in X-Olla-Backend-Type. */
  readonly contractName: string;
  /** The word for it in `supported_backends` of `/version`. */
  readonly versionName: string;
  /** The product's own spelling, for people. */
  readonly label: string;
  readonly defaultPorts: readonly number[];
  readonly healthPath: string;
  readonly modelsPath: string;
  /** Asked where `modelsPath` answers 404: older versions of the server. */
  readonly modelsFallbackPath: string | null;
  /**
   * What stands in front of an OpenAI path (`/v1/…`) on this server: '' for most; null if it has no OpenAI API.
   */
  readonly openAiBase: string | null;
  readonly anthropic: AnthropicSupport | null;
  /** First parts of paths beyond OpenAI's that this server has; a path matches whole or up to a `/`. */
  readonly nativePaths: readonly string[];
  /** Those of its own paths that the gateway must know more of than where they lead. OpenAI's and Anthropic's are known. */
  readonly apiPaths: readonly ApiPath[];
  /** Requests it takes at once with default settings: a guess for where nothing better is known. */
  readonly defaultConcurrency: number;
  readonly checkHealth: (response: ProbeResponse) => HealthVerdict;
  /** Reads a 401, 403 and the like from the model list; ok for everything that is not about access. */
  readonly checkModelsAccess: (response: ProbeResponse) => HealthVerdict;
  /** Never throws; empty for anything that is not a list of models. */
  readonly parseModels: (body: unknown) => EndpointModel[];
  /** Whether `body` is this server's list of models at all, be it empty. */
  readonly isModelList: (body: unknown) => boolean;
  /** The GETs that the gateway answers for all endpoints of the type. */
  readonly listings: readonly FleetListing[];
  /** `GET /olla/models` in this type's form, which `?format=` asks for by its `contractName`; null for none. */
  readonly modelsFormat: ((models: FormatInput) => object) | null;
  /** The word of the unified list for a model that is on disk and not in memory. */
  readonly unloadedWord: 'available' | 'not-loaded';
  readonly signals: readonly SignalReader[];
  readonly details: ModelDetailReader | null;
  /** What a client's request headers become on the way to this server. */
  readonly requestHeaders: RequestHeaderRules;
  /** How to read the names of its models. */
  readonly names: NameRules;
  /** What tells this server from the others; null if it is never found out by probing. */
  readonly detect: Detection | null;
}

/** How a type is recognised. Types are tried in the order of the table. */
export interface Detection {
  readonly paths: readonly string[];
  /** @param responses by path; without the paths that did not answer */
  readonly matches: (responses: ReadonlyMap<string, ProbeResponse>) => boolean;
}
