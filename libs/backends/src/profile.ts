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

/** The result of a health check. `retryAfterMs` is set if the backend sent Retry-After. */
export type HealthVerdict =
  | { readonly ok: true }
  | {
      readonly ok: false;
      readonly state: 'unhealthy' | 'config_error' | 'rate_limited';
      /** The condition. Clients may read it, so it has no address and no text of the server. */
      readonly reason: string;
      /** The server's own text, only for the log. */
      readonly detail?: string;
      readonly retryAfterMs?: number;
    };

/** A model that is in the backend's memory. */
export interface ResidentModel {
  /** Epoch milliseconds until which the model stays; null if the backend does not report it. */
  readonly until: number | null;
  readonly loadedAs: LoadedModel | null;
}

/** The values in one response at a signal path. Fields that the path does not report are absent. */
export interface SignalReading {
  readonly slots?: number;
  readonly running?: number;
  readonly queued?: number;
  /** 0 to 1. */
  readonly kvUsage?: number;
  /** By native name. All other models are not in memory. */
  readonly resident?: ReadonlyMap<string, ResidentModel>;
  /** Tokens of context that a request may have, if this path and not the model list reports it. */
  readonly contextLength?: number;
  readonly serverVersion?: string;
  /** It has unloaded its model because no requests arrived, and loads it again by itself. */
  readonly sleeping?: boolean;
}

/** A path that reports the load of the backend or the models in memory. */
export interface SignalReader {
  readonly path: string;
  readonly everyMs: number;
  /** It reports which models are in memory. */
  readonly reportsResidents?: true;
  /** The server counts its requests as work and does not go to sleep. Not read while no client uses the server. */
  readonly wakes?: true;
  /** Null for a text that this backend does not send there. */
  readonly parse: (body: string) => SignalReading | null;
}

/** How to request more about one model than the list has. */
export interface ModelDetailReader {
  readonly path: string;
  readonly requestBody: (name: string) => string;
  /** Whether the list lacks information about this model. */
  readonly wanted: (model: EndpointModel) => boolean;
  /** The model with the additions of the response; the same model if there are none. */
  readonly merge: (model: EndpointModel, body: unknown) => EndpointModel;
}

/** A list of models beside the first one. */
export interface FurtherList {
  readonly path: string;
  /** The models with the additions of this list; the same models if it is none. Never throws. */
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

/**
 * Everything that the gateway and the agent need about one backend type. docs/adding-a-backend.md explains how to add
 * one.
 */
export interface BackendProfile<Type extends BackendType = BackendType> {
  /** The name in the configuration. */
  readonly type: Type;
  /** Further names in the configuration. */
  readonly typeAliases: readonly string[];
  /** Path segments under `/olla/` that lead to endpoints of this type only. */
  readonly prefixes: readonly string[];
  /** Its word in X-Olla-Backend-Type. */
  readonly contractName: string;
  /** Its word in `supported_backends` of `/version`. */
  readonly versionName: string;
  /** The product's name for people. */
  readonly label: string;
  readonly defaultPorts: readonly number[];
  readonly healthPath: string;
  readonly modelsPath: string;
  /** Users pull, load and delete its models at any time, and a list is cheap for it. */
  readonly modelsChange: boolean;
  /** Requested in order if `modelsPath` has no list: paths of other versions of the server. */
  readonly modelsFallbackPaths: readonly string[];
  /** A second list of the same models with more information; null for none. */
  readonly furtherList: FurtherList | null;
  /** The prefix of OpenAI paths (`/v1/…`) on this server: '' for most; null if it has no OpenAI API. */
  readonly openAiBase: string | null;
  readonly anthropic: AnthropicSupport | null;
  /** Paths of this server besides OpenAI's, each with all paths below it. */
  readonly nativePaths: readonly string[];
  /** Paths of its own API whose meaning the gateway must know. Those of OpenAI and Anthropic need not be listed. */
  readonly apiPaths: readonly ApiPath[];
  /**
   * Inference and reading, for every caller. If the gateway sends credentials of its own, every other path counts as
   * management.
   */
  readonly usePaths: readonly PathRule[];
  /** Paths that change the server: its models, caches, keys or configuration. */
  readonly managementPaths: readonly PathRule[];
  /** Requests that it processes at once with default settings; used if the server does not report its slots. */
  readonly defaultConcurrency: number;
  readonly checkHealth: (response: ProbeResponse) => HealthVerdict;
  /** Checks the access to the model list: 401, 403 and the like. Ok for all other responses. */
  readonly checkModelsAccess: (response: ProbeResponse) => HealthVerdict;
  /** Reads a list of models of this server, in any of the forms that it has. Never throws. */
  readonly readModels: (body: unknown) => ModelList;
  /** GETs that the gateway answers for all endpoints of the type. */
  readonly listings: readonly FleetListing[];
  /** `GET /olla/models` in this type's form, which `?format=` selects by its `contractName`; null for none. */
  readonly modelsFormat: ((models: FormatInput) => object) | null;
  /** The unified list's word for a model that is on disk and not in memory. */
  readonly unloadedWord: 'available' | 'not-loaded';
  readonly signals: readonly SignalReader[];
  readonly details: ModelDetailReader | null;
  /** Rules for a client's request headers on the way to this server. */
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
