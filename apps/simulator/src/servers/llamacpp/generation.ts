import { generate, planAnswer } from '../../generate.ts';
import type { Exchange } from '../../http/exchange.ts';
import { countTokens } from '../../physics/prefix-cache.ts';
import { isObject, readAsk, type Body } from '../../text/ask.ts';
import type { Reply } from './dialect.ts';
import { chatDialect, completionDialect } from './openai-dialect.ts';
import { messagesDialect } from './messages-dialect.ts';
import { nativeDialect } from './native-dialect.ts';
import { responsesDialect } from './responses-dialect.ts';
import { endStream, sendError, sendJson, startStream, type LlamaError } from './wire.ts';
import { cancelAsLlamaDoes, type LlamaServer } from './work.ts';

const DIALECTS = {
  chat: chatDialect,
  completion: completionDialect,
  messages: messagesDialect,
  native: nativeDialect,
  responses: responsesDialect,
} as const;

const PING_MS = 30_000;

/** Any of the APIs that generate. */
export async function serveGeneration(
  exchange: Exchange,
  server: LlamaServer,
  api: keyof typeof DIALECTS,
): Promise<void> {
  const { state, model } = server;
  const read = readBody(await exchange.body());
  if ('error' in read) return sendError(exchange, read.error);
  const { body } = read;
  const refusal = refuse(body, api);
  if (refusal !== undefined) return sendError(exchange, refusal);
  const ask = readAsk(body, api === 'messages' ? 'anthropic' : 'llamacpp');
  const promptTokens = countTokens(ask.promptText);
  if (promptTokens >= model.contextTokens)
    return sendError(exchange, contextTooLong(promptTokens, model.contextTokens));

  const answer = planAnswer(state, model, ask);
  const { random, timeScale } = state;
  const reply: Reply = {
    ask,
    answer,
    body,
    model: model.name,
    created: Math.floor(Date.now() / 1000),
    timeScale,
    random,
  };
  const dialect = DIALECTS[api];
  const stream = ask.stream ? dialect.stream(reply) : undefined;
  let stopPings: () => void = () => undefined;
  const ping = (): void => {
    exchange.write(':\n\n');
    stopPings = state.clock.after(PING_MS, ping);
  };
  exchange.onClientLeft(() => stopPings());
  generate(
    state,
    exchange,
    { model, ask, answer },
    {
      onSlot() {
        if (stream === undefined) return;
        startStream(exchange);
        stopPings = state.clock.after(PING_MS, ping);
      },
      onToken(piece, index) {
        if (stream === undefined) return;
        server.lastResultAt = state.clock.now();
        stopPings();
        const chunk = stream.token(piece, index);
        if (chunk !== '') exchange.write(chunk);
      },
      onDone(stats) {
        server.lastResultAt = state.clock.now();
        stopPings();
        if (stream === undefined) return sendJson(exchange, dialect.whole(reply, stats));
        for (const chunk of stream.end(stats)) exchange.write(chunk);
        endStream(exchange);
      },
      onFail: () => exchange.breakOff(),
    },
    { onClientLeft: (ticket) => cancelAsLlamaDoes(server, exchange, ticket) },
  );
}

/** A body that is no JSON is an error of the server's own, with the parser's words. */
export function readBody(raw: Buffer): { readonly body: Body } | { readonly error: LlamaError } {
  const at = (column: number, what: string): { error: LlamaError } => ({
    error: {
      code: 500,
      message: `[json.exception.parse_error.101] parse error at line 1, column ${column}: ${what}`,
      type: 'server_error',
    },
  });
  if (raw.length === 0)
    return at(
      1,
      'attempting to parse an empty input; check that your input string or stream contains the expected JSON',
    );
  try {
    const value: unknown = JSON.parse(raw.toString('utf8'));
    return { body: isObject(value) ? value : {} };
  } catch {
    return at(
      raw.length + 1,
      "syntax error while parsing value - unexpected end of input; expected '[', '{', or a literal",
    );
  }
}

function refuse(body: Body, api: keyof typeof DIALECTS): LlamaError | undefined {
  const invalid = (message: string): LlamaError => ({ code: 400, message, type: 'invalid_request_error' });
  if (api === 'chat' || api === 'messages') {
    if (body['messages'] === undefined) return invalid("'messages' is required");
    if (!Array.isArray(body['messages'])) return invalid("Expected 'messages' to be an array");
  } else if (api === 'responses') {
    if (body['input'] === undefined) return invalid("'input' is required");
  } else if (body['prompt'] === undefined) return invalid('"prompt" is missing');
  for (const field of ['temperature', 'top_p', 'max_tokens', 'seed']) {
    const given = body[field];
    if (given === undefined || given === null || typeof given === 'number') continue;
    return invalid(
      `Field '${field}': [json.exception.type_error.302] type must be number, but is ${Array.isArray(given) ? 'array' : typeof given}`,
    );
  }
  return undefined;
}

function contextTooLong(promptTokens: number, contextTokens: number): LlamaError {
  return {
    code: 400,
    message: `request (${promptTokens} tokens) exceeds the available context size (${contextTokens} tokens), try increasing it`,
    type: 'exceed_context_size_error',
    n_prompt_tokens: promptTokens,
    n_ctx: contextTokens,
  };
}
