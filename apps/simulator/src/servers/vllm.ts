import { hashText, HEX, randomId } from '../engine/random.ts';
import type { ServerState } from '../server-state.ts';
import { splitIntoPieces } from '../text/count-tokens.ts';
import { readGenerationRequest } from '../text/generation-request.ts';
import type { ApiVariant } from './openai/api-variant.ts';
import { fastApiVariant } from './openai/fastapi-variant.ts';
import { messagesRoutes } from './openai/messages.ts';
import { readJson } from './openai/read-json.ts';
import { createRouter, openAiRoutes, type Routes } from './openai/router.ts';
import { sendEmptyHealth, sendJson, sendText } from './openai/send.ts';

const VERSION = '0.11.2';

const variant: ApiVariant = {
  ...fastApiVariant,
  choiceExtras: { stop_reason: null },
  messageExtras: {
    refusal: null,
    annotations: null,
    audio: null,
    function_call: null,
    tool_calls: [],
    reasoning_content: null,
  },
  responseExtras: () => ({
    service_tier: null,
    system_fingerprint: null,
    prompt_logprobs: null,
    kv_transfer_params: null,
  }),
  errorBody: ({ status, message, type, param = null, code }) => ({
    error: { message, type, param, code: code ?? status },
  }),
  unknownModel: (name) => ({
    status: 404,
    message: `The model \`${name}\` does not exist.`,
    type: 'NotFoundError',
    param: 'model',
  }),
  contextTooLong: (context, prompt) => ({
    status: 400,
    message: `This model's maximum context length is ${context} tokens. However, your request has ${prompt} input tokens. Please reduce the length of the input messages. None`,
    type: 'BadRequestError',
  }),
  badJson: (raw) => ({
    status: 400,
    message: `[{'type': 'json_invalid', 'loc': ('body', ${raw.length}), 'msg': 'JSON decode error', 'input': {}, 'ctx': {'error': 'Expecting value'}}]`,
    type: 'Bad Request',
  }),
};

const routes: Routes = {
  ...openAiRoutes(variant),
  ...messagesRoutes(variant, '/v1', true),
  'GET /health': sendEmptyHealth,
  'GET /ping': sendEmptyHealth,
  'GET /version': (exchange, state) =>
    sendJson(exchange, variant, 200, { version: state.spec.version ?? VERSION }),
  'GET /v1/models': (exchange, state) => sendJson(exchange, variant, 200, listModels(state)),
  'GET /metrics': (exchange, state) =>
    sendText(exchange, variant, {
      status: 200,
      contentType: 'text/plain; version=0.0.4; charset=utf-8',
      body: printMetrics(state),
    }),
  'GET /load': (exchange, state) => {
    const { running, waiting } = state.engine.requestCounts();
    sendJson(exchange, variant, 200, { server_load: running + waiting });
  },
  async 'POST /tokenize'(exchange, state) {
    const body = await readJson(exchange, variant);
    if (body === undefined) return;
    const pieces = splitIntoPieces(readGenerationRequest(body, 'openai').promptText);
    const [model] = state.models.values();
    sendJson(exchange, variant, 200, {
      count: pieces.length,
      max_model_len: model?.contextTokens ?? 0,
      tokens: pieces.map((piece) => hashText(piece) % 32_000),
      token_strs: null,
    });
  },
  async 'POST /detokenize'(exchange) {
    const body = await readJson(exchange, variant);
    if (body === undefined) return;
    const tokens = Array.isArray(body['tokens']) ? body['tokens'] : [];
    sendJson(exchange, variant, 200, { prompt: tokens.map((id) => ` t${String(id)}`).join('') });
  },
};

export const serveVllm = createRouter({
  routes,
  variant,
  publicPaths: ['/health', '/ping', '/version', '/metrics', '/load'],
  unauthorized: { status: 401, body: { error: 'Unauthorized' } },
});

function listModels(state: ServerState): unknown {
  const created = Math.floor(state.startedAt / 1000);
  const data = [...state.models.values()].map((model) => ({
    id: model.name,
    object: 'model',
    created,
    owned_by: 'vllm',
    root: model.name,
    parent: null,
    max_model_len: model.contextTokens,
    permission: [
      {
        id: `modelperm-${randomId(state.random, 32, HEX)}`,
        object: 'model_permission',
        created,
        allow_create_engine: false,
        allow_sampling: true,
        allow_logprobs: true,
        allow_search_indices: false,
        allow_view: true,
        allow_fine_tuning: false,
        organization: '*',
        group: null,
        is_blocking: false,
      },
    ],
  }));
  return { object: 'list', data };
}

function printMetrics(state: ServerState): string {
  const [model] = state.models.values();
  const label = `{engine="0",model_name="${model?.name ?? ''}"}`;
  const { running, waiting } = state.engine.requestCounts();
  let heldTokens = 0;
  let slots = 0;
  for (const held of model === undefined ? [] : state.engine.slotsOf(model.name)) {
    slots++;
    heldTokens += held === undefined ? 0 : held.job.promptTokens + held.emitted;
  }
  const share = Math.min(1, heldTokens / Math.max(1, slots * 2_000));
  const rows: [string, 'counter' | 'gauge', string, number][] = [
    ['num_requests_running', 'gauge', 'Number of requests in model execution batches.', running],
    ['num_requests_waiting', 'gauge', 'Number of requests waiting to be processed.', waiting],
    ['kv_cache_usage_perc', 'gauge', 'KV-cache usage. 1 means 100 percent usage.', share],
    ['prompt_tokens_total', 'counter', 'Number of prefill tokens processed.', state.totals.promptTokens],
    [
      'generation_tokens_total',
      'counter',
      'Number of generation tokens processed.',
      state.totals.outputTokens,
    ],
  ];
  return rows
    .map(
      ([name, type, help, value]) =>
        `# HELP vllm:${name} ${help}\n# TYPE vllm:${name} ${type}\nvllm:${name}${label} ${value.toFixed(Number.isInteger(value) ? 1 : 6)}\n`,
    )
    .join('');
}
