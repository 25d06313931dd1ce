import type { Exchange, FlatHeaders } from '../../http/exchange.ts';
import type { ServerState } from '../../server-state.ts';
import type { Body } from '../../text/ask.ts';

export interface ApiError {
  readonly status: number;
  readonly message: string;
  readonly type: string;
  readonly param?: string | null;
  readonly code?: string | number | null;
}

/** How one kind of server speaks the OpenAI API: what differs between those that are not Ollama or llama.cpp. */
export interface Flavour {
  /** Before `/chat/completions`: `/v1` for most. */
  readonly base: string;
  /** The head of a stream goes out when a slot takes the request, not with the first token. */
  readonly headWithSlot: boolean;
  /** The role has a chunk of its own before the first token. */
  readonly roleFirst: boolean;
  headers(exchange: Exchange, contentType: string): FlatHeaders;
  /** Also what follows `Content-Length`, by convention of the HTTP library. */
  tail(exchange: Exchange): FlatHeaders;
  /** `Content-Length` in the case its HTTP library writes it. */
  readonly lengthHeader: string;
  readonly jsonType: string;
  readonly streamType: string;
  newChatId(state: ServerState): string;
  /** Fields that each chunk has after `model`. */
  chunkExtras(state: ServerState): Body;
  choiceExtras: Body;
  wholeMessageExtras: Body;
  wholeExtras(state: ServerState): Body;
  errorBody(error: ApiError): unknown;
  unknownModel(name: string): ApiError;
  tooLong(contextTokens: number, promptTokens: number): ApiError;
  badJson(raw: string): ApiError;
}
