import type { JobStats } from '../../engine/job.ts';
import { hashText } from '../../engine/random.ts';
import { generate, planOutput } from '../../generate.ts';
import type { Exchange } from '../../http/exchange.ts';
import type { Model } from '../../model.ts';
import type { ServerState } from '../../server-state.ts';
import { countTokens } from '../../text/count-tokens.ts';
import { readGenerationRequest, type GenerationRequest } from '../../text/generation-request.ts';
import type { JsonObject } from '../../text/json-object.ts';
import type { ModelOutput } from '../../text/model-output.ts';
import { contextTooLong, QUEUE_FULL, sendFailure, type OllamaFailure } from './errors.ts';
import { findModel } from './find-model.ts';
import { findBadOption, readKeepAlive, readRequest } from './read-request.ts';
import { goJson, goTime, JSON_PLAIN, preciseNow, sendJson, startStream } from './send.ts';

type Api = 'chat' | 'generate';

const NDJSON = 'application/x-ndjson';

/** Serves `/api/chat` and `/api/generate`. */
export async function serveNativeGeneration(exchange: Exchange, state: ServerState, api: Api): Promise<void> {
  const read = readRequest(
    await exchange.body(),
    api === 'chat' ? 'api.ChatRequest' : 'api.GenerateRequest',
    'missing request body',
  );
  if ('error' in read)
    return sendFailure(exchange, state, 'native', { status: read.status, message: read.error });
  const { body } = read;
  const request = readGenerationRequest(body, 'ollama');
  if (request.model === '')
    return sendFailure(exchange, state, 'native', { status: 400, message: 'model is required' });
  const model = findModel(state, request.model);
  if (model === undefined)
    return sendFailure(exchange, state, 'native', {
      status: 404,
      message: `model '${request.model}' not found`,
    });
  if (isLoadOnly(body, api)) return serveLoad(exchange, state, { body, model, request, api });
  const refusal = refuse(body, { request, model, api });
  if (refusal === undefined) return run(exchange, state, { body, model, request, api });
  // Ollama has opened the stream at this point: the error is its only line, but the status is that of the error.
  if (refusal.inStream) return sendRefusalInStream(exchange, refusal);
  sendFailure(exchange, state, 'native', refusal);
}

interface NativeRequest {
  readonly body: JsonObject;
  readonly model: Model;
  readonly request: GenerationRequest;
  readonly api: Api;
}

function isLoadOnly(body: JsonObject, api: Api): boolean {
  if (api === 'chat') return !Array.isArray(body['messages']) || body['messages'].length === 0;
  return (body['prompt'] ?? '') === '' && body['images'] === undefined;
}

function refuse(
  body: JsonObject,
  { request, model, api }: Pick<NativeRequest, 'request' | 'model' | 'api'>,
): (OllamaFailure & { inStream: boolean }) | undefined {
  const whole = (status: number, message: string) => ({ status, message, inStream: false });
  if (model.kind === 'embeddings') return whole(400, `"${request.model}" does not support ${api}`);
  if (body['think'] !== undefined && body['think'] !== false)
    return whole(400, `"${request.model}" does not support thinking`);
  if (request.tools.length > 0 && !model.tools)
    return whole(400, `registry.ollama.ai/library/${model.name} does not support tools`);
  const badOption = findBadOption(body);
  if (badOption !== undefined) return whole(500, badOption);
  const promptTokens = countTokens(request.promptText);
  const cuts = api === 'generate' && body['truncate'] !== false;
  if (promptTokens <= model.contextTokens || cuts) return undefined;
  return { ...contextTooLong(promptTokens, model.contextTokens), inStream: request.stream };
}

function sendRefusalInStream(exchange: Exchange, refusal: OllamaFailure): void {
  const headers = [
    ...['Content-Type', JSON_PLAIN],
    ...['Date', new Date().toUTCString()],
    ...['Transfer-Encoding', 'chunked'],
  ];
  exchange.writeHead({ status: refusal.status, headers });
  exchange.writeChunk(goJson({ error: refusal.message }));
  exchange.end();
}

/** Serves a request without a prompt: it loads the model, or unloads it with `keep_alive: 0`. */
function serveLoad(exchange: Exchange, state: ServerState, native: NativeRequest): void {
  const keepAliveMs = readKeepAlive(native.body['keep_alive']);
  const empty = native.api === 'chat' ? { message: { role: 'assistant', content: '' } } : { response: '' };
  const respond = (done_reason: string): void =>
    sendJson(exchange, 200, {
      model: native.request.model,
      created_at: goTime(preciseNow()),
      ...empty,
      done: true,
      done_reason,
    });
  if (keepAliveMs === 0) {
    state.engine.unload(native.model.name);
    return respond('unload');
  }
  generate(state, exchange, {
    model: native.model,
    request: native.request,
    output: { pieces: [], text: '', finish: 'stop', toolCalls: [] },
    keepAliveMs,
    onDone: () => respond('load'),
    onQueueFull: () => sendFailure(exchange, state, 'native', QUEUE_FULL),
  });
}

function run(exchange: Exchange, state: ServerState, native: NativeRequest): void {
  const { model, body, api } = native;
  const request = truncatePrompt(native.request, model.contextTokens);
  const output = planOutput(state, model, request);
  const callsTool = output.toolCalls.length > 0;
  const line = (fields: JsonObject): JsonObject => ({
    model: request.model,
    created_at: goTime(preciseNow()),
    ...fields,
  });
  const textFields = (content: string): JsonObject =>
    api === 'chat' ? { message: { role: 'assistant', content } } : { response: content };
  generate(state, exchange, {
    model,
    request,
    output,
    keepAliveMs: readKeepAlive(body['keep_alive']),
    onToken(piece) {
      if (!request.stream || callsTool) return;
      if (!exchange.headSent) startStream(exchange, NDJSON);
      exchange.writeChunk(`${goJson(line({ ...textFields(piece), done: false }))}\n`);
    },
    onDone(stats) {
      const content = callsTool
        ? { message: { role: 'assistant', content: '', tool_calls: nativeToolCalls(output) } }
        : textFields(request.stream ? '' : output.text);
      const last = line({ ...content, ...finalFields(state, { output, stats, api, request }) });
      if (!request.stream) return sendJson(exchange, 200, last);
      if (!exchange.headSent) startStream(exchange, NDJSON);
      exchange.writeChunk(`${goJson(last)}\n`);
      exchange.end();
    },
    onQueueFull: () => sendFailure(exchange, state, 'native', QUEUE_FULL),
  });
}

/** Keeps the end of a prompt that exceeds the context, as `/api/generate` does. */
function truncatePrompt(request: GenerationRequest, contextTokens: number): GenerationRequest {
  if (countTokens(request.promptText) <= contextTokens) return request;
  return { ...request, promptText: request.promptText.slice(-2 * contextTokens) };
}

function nativeToolCalls(output: ModelOutput): unknown[] {
  return output.toolCalls.map((call, index) => ({
    id: call.id,
    function: { index, name: call.name, arguments: call.args },
  }));
}

interface FinishedGeneration {
  readonly output: ModelOutput;
  readonly stats: JobStats;
  readonly api: Api;
  readonly request: GenerationRequest;
}

/** The fields that only the last object has. Durations are in nanoseconds. */
function finalFields(state: ServerState, { output, stats, api, request }: FinishedGeneration): JsonObject {
  const nanos = (ms: number): number => Math.round((ms / state.timeScale) * 1000) * 1000;
  return {
    done: true,
    done_reason: output.finish === 'length' ? 'length' : 'stop',
    ...(api === 'generate'
      ? { context: contextIds(request.promptText, stats.promptTokens + stats.outputTokens) }
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
