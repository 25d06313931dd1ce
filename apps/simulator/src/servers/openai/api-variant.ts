import type { Exchange, FlatHeaders } from '../../http/exchange.ts';
import type { ServerState } from '../../server-state.ts';
import type { JsonObject } from '../../text/json-object.ts';

export interface ApiError {
  readonly status: number;
  readonly message: string;
  readonly type: string;
  readonly param?: string | null;
  readonly code?: string | number | null;
}

/** How one kind of server implements the OpenAI API. Ollama and llama.cpp have implementations of their own. */
export interface ApiVariant {
  /** The path before `/chat/completions`: `/v1` for most. */
  readonly base: string;
  /** The head of a stream leaves when a slot takes the request, not with the first token. */
  readonly headOnSlot: boolean;
  /** The role has a chunk of its own before the first token. */
  readonly roleChunk: boolean;
  /** The headers before `Content-Length`. */
  headers(exchange: Exchange, contentType: string): FlatHeaders;
  /** The headers after `Content-Length`, in the order of the server's HTTP library. */
  trailingHeaders(exchange: Exchange): FlatHeaders;
  /** `Content-Length` in the spelling of the server's HTTP library. */
  readonly contentLengthName: string;
  readonly jsonType: string;
  readonly streamType: string;
  newChatId(state: ServerState): string;
  /** Fields of each chunk after `model`. */
  chunkExtras(state: ServerState): JsonObject;
  /** Fields of the last choice after `finish_reason`. */
  choiceExtras: JsonObject;
  /** Fields of a whole chat message. */
  messageExtras: JsonObject;
  /** Fields of a whole response after `usage`. */
  responseExtras(state: ServerState): JsonObject;
  errorBody(error: ApiError): unknown;
  unknownModel(name: string): ApiError;
  contextTooLong(contextTokens: number, promptTokens: number): ApiError;
  badJson(raw: string): ApiError;
}
