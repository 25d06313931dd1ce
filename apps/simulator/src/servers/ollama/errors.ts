import { HEX, randomId } from '../../engine/random.ts';
import type { Exchange } from '../../http/exchange.ts';
import type { ServerState } from '../../server-state.ts';
import { JSON_PLAIN, JSON_UTF8, sendJson } from './send.ts';

export type ErrorShape = 'native' | 'openai' | 'anthropic';

export interface OllamaFailure {
  readonly status: number;
  readonly message: string;
  /**
   * Found before Ollama installs the middleware that translates responses for the OpenAI and Anthropic APIs.
   * Such an error has Gin's content type.
   */
  readonly early?: boolean;
}

export const QUEUE_FULL: OllamaFailure = {
  status: 503,
  message: 'server busy, please try again.  maximum pending requests exceeded',
};

export function contextTooLong(promptTokens: number, contextTokens: number): OllamaFailure {
  const inner = {
    error: {
      code: 400,
      message: `request (${promptTokens} tokens) exceeds the available context size (${contextTokens} tokens), try increasing it`,
      type: 'exceed_context_size_error',
      n_prompt_tokens: promptTokens,
      n_ctx: contextTokens,
    },
  };
  return { status: 400, message: JSON.stringify(inner) };
}

/** Sends a failure in the shape of the API that the request used. */
export function sendFailure(
  exchange: Exchange,
  state: ServerState,
  shape: ErrorShape,
  failure: OllamaFailure,
): void {
  const { status, message } = failure;
  const contentType = failure.early === true || shape === 'native' ? JSON_UTF8 : JSON_PLAIN;
  if (shape === 'native') sendJson(exchange, status, { error: message }, contentType);
  else if (shape === 'openai') {
    const type = status === 404 ? 'not_found_error' : status >= 500 ? 'api_error' : 'invalid_request_error';
    sendJson(exchange, status, { error: { message, type, param: null, code: null } }, contentType);
  } else {
    const type =
      status === 404
        ? 'not_found_error'
        : status === 503
          ? 'overloaded_error'
          : status >= 500
            ? 'api_error'
            : 'invalid_request_error';
    const request_id = `req_${randomId(state.random, 24, HEX)}`;
    sendJson(exchange, status, { type: 'error', error: { type, message }, request_id }, contentType);
  }
}
