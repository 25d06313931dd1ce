import type { BackendType } from '@olla/core/backend-type';
import type { ModelRules } from '@olla/core/body/read-model';
import type { NameRules } from '@olla/core/catalog/names/name-rules';
import type { EndpointModel, LoadedModel } from '@olla/core/snapshot';
import type { ApiPath } from './api-path.ts';
import type { PathRule } from './path-rule.ts';
import type { FleetListing, FormatInput } from './listings/fleet-listing.ts';
import type { ModelList } from './reading/model-list.ts';

/** A response to a probe. The body is text and may be cut at the prober's limit. */
export interface ProbeResponse {
  readonly status: number;
  /** By names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What the response to a health check means. `retryAfterMs` is set where the backend sent Retry-After. */
export type HealthVerdict =
  | { readonly ok: true }
  | {
      readonly ok: false;
      readonly state: 'unhealthy' | 'config_error' | 'rate_limited';
      /** The condition. Clients may read it: no address and no text of the server. */
      readonly reason: string;
      /** What the server said, for the log alone. */
      readonly detail?: string;
      readonly retryAfterMs?: number;
    };

/** A model that is in the backend's memory. */
export interface ResidentModel {
  /** Epoch milliseconds until which the model stays; null where the backend does not tell. */
  readonly until: number | null;
  readonly loadedAs: LoadedModel | null;
}

/** What one response at a signal path tells. A path does not tell the fields that are absent. */
export interface SignalReading {
  readonly slots?: number;
  readonly running?: number;
  readonly queued?: number;
  /** 0 to 1. */
  readonly kvUsage?: number;
  /** By native name. All other models are not in memory. */
  readonly resident?: ReadonlyMap<string, ResidentModel>;
  /** Tokens of context that a request may have, where not the model list but this path tells it. */
  readonly contextLength?: number;
  readonly serverVersion?: string;
  /** It has unloaded its model for want of requests, and wakes by itself. */
  readonly sleeping?: boolean;
}

/** A path that tells the load of the backend or which models are in memory. */
export interface SignalReader {
  readonly path: string;
  readonly everyMs: number;
  /** It tells which models are in memory. */
  readonly tellsResidents?: true;
  /** The server takes a request of it for work, and does not go to sleep. Not read while nobody uses the server. */
  readonly wakes?: true;
  /** Null for a text that this backend does not send there. */
  readonly parse: (body: string) => SignalReading | null;
}

/** How to ask for more of one model than the list tells. */
export interface ModelDetailReader {
  readonly path: string;
  readonly requestBody: (name: string) => string;
  /** Whether the list leaves out something of this model. */
  readonly wanted: (model: EndpointModel) => boolean;
  /** The model with what the response adds; the same model if it adds nothing. */
  readonly merge: (model: EndpointModel, body: unknown) => EndpointModel;
}

/** A list of models beside the first one. */
export interface FurtherList {
  readonly path: string;
  /** The models with what this list adds to them; the same models if it is none. Never throws. */
  readonly merge: (models: readonly EndpointModel[], body: unknown) => readonly EndpointModel[];
}

/** Where a backend has Anthropic's messages API. */
export interface AnthropicSupport {
  readonly messagesPath: string;
  /** First version of the server that has it; null if all have. */
  readonly since: string | null;
  readonly countTokensPath: string | null;
}

export interface RequestHeaderRules {
  /** Names in lower case that never reach this server. */
  readonly drop: ReadonlySet<string>;
}

/** All that the gateway and the agent know of one backend type. docs/adding-a-backend.md explains how to add one. */
export interface BackendProfile<Type extends BackendType = BackendType> {
  /** The name in the configuration. */
  readonly type: Type;
  /** Further names in the configuration. */
  readonly typeAliases: readonly string[];
  /** Path segments under `/olla/` that lead to endpoints of this type only. */
  readonly prefixes: readonly string[];
  /** The word for it in X-Olla-Backend-Type. */
  readonly contractName: string;
  /** The word for it in `supported_backends` of `/version`. */
  readonly versionName: string;
  /** The product's name as people read it. */
  readonly label: string;
  readonly defaultPorts: readonly number[];
  readonly healthPath: string;
  readonly modelsPath: string;
  /** People pull, load and delete its models at any time, and a list costs it nothing. */
  readonly modelsChange: boolean;
  /** Asked in turn where `modelsPath` has no list: other versions of the server. */
  readonly modelsFallbackPaths: readonly string[];
  /** A second list of the same models, which tells more of them; null for none. */
  readonly furtherList: FurtherList | null;
  /** What comes before an OpenAI path (`/v1/…`) on this server: '' for most; null if it has no OpenAI API. */
  readonly openAiBase: string | null;
  readonly anthropic: AnthropicSupport | null;
  /** Paths that this server has beside OpenAI's, each with all paths below it. */
  readonly nativePaths: readonly string[];
  /** Paths of its own API whose meaning the gateway must know. Those of OpenAI and Anthropic need not be listed. */
  readonly apiPaths: readonly ApiPath[];
  /**
   * Inference and reading, for everyone who may call the gateway. Where the gateway sends credentials of its own, every
   * other path counts as management.
   */
  readonly usePaths: readonly PathRule[];
  /** Paths that change the server: its models, caches, keys or configuration. */
  readonly managementPaths: readonly PathRule[];
  /** Requests that it works on at once with default settings; used where the server does not tell its slots. */
  readonly defaultConcurrency: number;
  readonly checkHealth: (response: ProbeResponse) => HealthVerdict;
  /** Judges the access to the model list: 401, 403 and the like. Ok for everything else. */
  readonly checkModelsAccess: (response: ProbeResponse) => HealthVerdict;
  /** Reads a list of models of this server, in any of the forms that it has. Never throws. */
  readonly readModels: (body: unknown) => ModelList;
  /** GETs that the gateway answers for all endpoints of the type. */
  readonly listings: readonly FleetListing[];
  /** `GET /olla/models` in this type's form, which `?format=` asks for by its `contractName`; null for none. */
  readonly modelsFormat: ((models: FormatInput) => object) | null;
  /** The word of the unified list for a model that is on disk and not in memory. */
  readonly unloadedWord: 'available' | 'not-loaded';
  readonly signals: readonly SignalReader[];
  readonly details: ModelDetailReader | null;
  /** What happens to a client's request headers on the way to this server. */
  readonly requestHeaders: RequestHeaderRules;
  /** How it finds out which model a request is for. */
  readonly modelRules: ModelRules;
  /** How to read the names of its models. */
  readonly names: NameRules;
  /** How `type: auto` recognises this server. */
  readonly detect: Detection;
}

/** How a server of the type is recognised. Types are tried in the order of PROFILES. */
export interface Detection {
  readonly paths: readonly string[];
  /** @param responses by path; without the paths that did not answer */
  readonly matches: (responses: ReadonlyMap<string, ProbeResponse>) => boolean;
}
