import { generate, planAnswer } from '../../generate.ts';
import type { Exchange } from '../../http/exchange.ts';
import type { Model } from '../../model.ts';
import type { JobStats } from '../../physics/job.ts';
import { countTokens } from '../../physics/prefix-cache.ts';
import { hashText } from '../../physics/random.ts';
import type { ServerState } from '../../server-state.ts';
import type { Answer } from '../../text/answer.ts';
import { readAsk, type Ask, type Body } from '../../text/ask.ts';
import { contextTooLong, QUEUE_FULL, sendFailure, type OllamaFailure } from './errors.ts';
import { findModel } from './find-model.ts';
import { findBadOption, readKeepAlive, readRequest } from './read-request.ts';
import { goJson, goTime, JSON_PLAIN, preciseNow, sendJson, startStream } from './wire.ts';

type Kind = 'chat' | 'generate';

const NDJSON = 'application/x-ndjson';

/** `/api/chat` and `/api/generate`. */
export async function serveNativeGeneration(
  exchange: Exchange,
  state: ServerState,
  kind: Kind,
): Promise<void> {
  const read = readRequest(
    await exchange.body(),
    kind === 'chat' ? 'api.ChatRequest' : 'api.GenerateRequest',
    'missing request body',
  );
  if ('error' in read)
    return sendFailure(exchange, state, 'native', { status: read.status, message: read.error });
  const { body } = read;
  const ask = readAsk(body, 'ollama');
  if (ask.model === '')
    return sendFailure(exchange, state, 'native', { status: 400, message: 'model is required' });
  const model = findModel(state, ask.model);
  if (model === undefined)
    return sendFailure(exchange, state, 'native', { status: 404, message: `model '${ask.model}' not found` });
  if (isLoadOnly(body, kind)) return serveLoad(exchange, state, { body, model, ask, kind });
  const refusal = refuse(body, { ask, model, kind });
  if (refusal === undefined) return run(exchange, state, { body, model, ask, kind });
  // With the stream open already, the error comes as its only line, but the status still tells.
  if (refusal.inStream) return sendRefusalInStream(exchange, refusal);
  sendFailure(exchange, state, 'native', refusal);
}

interface Work {
  readonly body: Body;
  readonly model: Model;
  readonly ask: Ask;
  readonly kind: Kind;
}

function isLoadOnly(body: Body, kind: Kind): boolean {
  if (kind === 'chat') return !Array.isArray(body['messages']) || body['messages'].length === 0;
  return (body['prompt'] ?? '') === '' && body['images'] === undefined;
}

function refuse(
  body: Body,
  { ask, model, kind }: Pick<Work, 'ask' | 'model' | 'kind'>,
): (OllamaFailure & { inStream: boolean }) | undefined {
  const whole = (status: number, message: string) => ({ status, message, inStream: false });
  if (model.kind === 'embeddings') return whole(400, `"${ask.model}" does not support ${kind}`);
  if (body['think'] !== undefined && body['think'] !== false)
    return whole(400, `"${ask.model}" does not support thinking`);
  if (ask.tools.length > 0 && !model.tools)
    return whole(400, `registry.ollama.ai/library/${model.name} does not support tools`);
  const badOption = findBadOption(body);
  if (badOption !== undefined) return whole(500, badOption);
  const promptTokens = countTokens(ask.promptText);
  const cuts = kind === 'generate' && body['truncate'] !== false;
  if (promptTokens <= model.contextTokens || cuts) return undefined;
  return { ...contextTooLong(promptTokens, model.contextTokens), inStream: ask.stream };
}

function sendRefusalInStream(exchange: Exchange, refusal: OllamaFailure): void {
  exchange.start(refusal.status, 'Bad Request', [
    'Content-Type',
    JSON_PLAIN,
    'Date',
    new Date().toUTCString(),
    'Transfer-Encoding',
    'chunked',
  ]);
  exchange.write(goJson({ error: refusal.message }));
  exchange.end();
}

/** No prompt: only loads the model, or with `keep_alive: 0` only unloads it. */
function serveLoad(exchange: Exchange, state: ServerState, work: Work): void {
  const keepAliveMs = readKeepAlive(work.body['keep_alive']);
  const empty = work.kind === 'chat' ? { message: { role: 'assistant', content: '' } } : { response: '' };
  const answer = (done_reason: string): void =>
    sendJson(exchange, 200, {
      model: work.ask.model,
      created_at: goTime(preciseNow()),
      ...empty,
      done: true,
      done_reason,
    });
  if (keepAliveMs === 0) {
    state.engine.unload(work.model.name);
    return answer('unload');
  }
  const answerNothing: Answer = { pieces: [], text: '', finish: 'stop', toolCalls: [] };
  generate(
    state,
    exchange,
    { model: work.model, ask: work.ask, answer: answerNothing },
    {
      onDone: () => answer('load'),
      onFail: () => sendFailure(exchange, state, 'native', QUEUE_FULL),
    },
    keepAliveMs === undefined ? {} : { keepAliveMs },
  );
}

function run(exchange: Exchange, state: ServerState, work: Work): void {
  const { ask, model, body, kind } = work;
  const cutTo = model.contextTokens * 2;
  const fitting =
    countTokens(ask.promptText) > model.contextTokens
      ? { ...ask, promptText: ask.promptText.slice(-cutTo) }
      : ask;
  const answer = planAnswer(state, model, fitting);
  const keepAliveMs = readKeepAlive(body['keep_alive']);
  const callsTool = answer.toolCalls.length > 0;
  const line = (part: Body): Body => ({ model: ask.model, created_at: goTime(preciseNow()), ...part });
  const say = (content: string): Body =>
    kind === 'chat' ? { message: { role: 'assistant', content } } : { response: content };
  generate(
    state,
    exchange,
    { model, ask: fitting, answer },
    {
      onToken(piece) {
        if (!ask.stream || callsTool) return;
        if (!exchange.headSent) startStream(exchange, NDJSON);
        exchange.write(`${goJson(line({ ...say(piece), done: false }))}\n`);
      },
      onDone(stats) {
        const said = callsTool
          ? { message: { role: 'assistant', content: '', tool_calls: nativeToolCalls(answer) } }
          : say(ask.stream ? '' : answer.text);
        const last = line({ ...said, ...closing(state, { answer, stats, kind, ask: fitting }) });
        if (!ask.stream) return sendJson(exchange, 200, last);
        if (!exchange.headSent) startStream(exchange, NDJSON);
        exchange.write(`${goJson(last)}\n`);
        exchange.end();
      },
      onFail: () => sendFailure(exchange, state, 'native', QUEUE_FULL),
    },
    keepAliveMs === undefined ? {} : { keepAliveMs },
  );
}

function nativeToolCalls(answer: Answer): unknown[] {
  return answer.toolCalls.map((call, index) => ({
    id: call.id,
    function: { index, name: call.name, arguments: call.args },
  }));
}

interface Ending {
  readonly answer: Answer;
  readonly stats: JobStats;
  readonly kind: Kind;
  readonly ask: Ask;
}

/** The fields that only the last object has; durations in nanoseconds. */
function closing(state: ServerState, { answer, stats, kind, ask }: Ending): Body {
  const nanos = (ms: number): number => Math.round((ms / state.timeScale) * 1000) * 1000;
  return {
    done: true,
    done_reason: answer.finish === 'length' ? 'length' : 'stop',
    ...(kind === 'generate'
      ? { context: contextIds(ask.promptText, stats.promptTokens + stats.outputTokens) }
      : {}),
    total_duration: nanos(stats.totalMs) + 1_104_293,
    load_duration: nanos(stats.loadMs) + 1_002_167,
    prompt_eval_count: stats.promptTokens,
    prompt_eval_duration: nanos(stats.promptMs),
    eval_count: stats.outputTokens,
    eval_duration: nanos(stats.decodeMs),
  };
}

function contextIds(text: string, count: number): number[] {
  const first = hashText(text);
  return Array.from({ length: count }, (_, at) => (first + at * 7919) % 32_000);
}
