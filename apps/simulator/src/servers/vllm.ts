import { hashText, HEX, randomId } from '../physics/random.ts';
import type { ServerState } from '../server-state.ts';
import { readAsk } from '../text/ask.ts';
import { readJson } from './openai/generation.ts';
import type { Flavour } from './openai/flavour.ts';
import { messagesRoutes } from './openai/messages.ts';
import { pythonFlavour } from './openai/python-flavour.ts';
import { createRouter, openAiRoutes, type Routes } from './openai/router.ts';
import { sendJson, sendText } from './openai/send.ts';

const VERSION = '0.11.2';

const flavour: Flavour = {
  ...pythonFlavour,
  choiceExtras: { stop_reason: null },
  wholeMessageExtras: {
    refusal: null,
    annotations: null,
    audio: null,
    function_call: null,
    tool_calls: [],
    reasoning_content: null,
  },
  wholeExtras: () => ({
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
  tooLong: (context, prompt) => ({
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
  ...openAiRoutes(flavour),
  ...messagesRoutes(flavour, '/v1', true),
  'GET /health': (exchange) =>
    exchange.respond(
      200,
      'OK',
      ['date', new Date().toUTCString(), 'server', 'uvicorn', 'content-length', '0'],
      '',
    ),
  'GET /ping': (exchange) =>
    exchange.respond(
      200,
      'OK',
      ['date', new Date().toUTCString(), 'server', 'uvicorn', 'content-length', '0'],
      '',
    ),
  'GET /version': (exchange, state) =>
    sendJson(exchange, flavour, 200, { version: state.spec.version ?? VERSION }),
  'GET /v1/models': (exchange, state) => sendJson(exchange, flavour, 200, listModels(state)),
  'GET /metrics': (exchange, state) =>
    sendText(exchange, flavour, {
      status: 200,
      contentType: 'text/plain; version=0.0.4; charset=utf-8',
      body: printMetrics(state),
    }),
  'GET /load': (exchange, state) =>
    sendJson(exchange, flavour, 200, {
      server_load: state.engine.load().running + state.engine.load().waiting,
    }),
  async 'POST /tokenize'(exchange, state) {
    const body = await readJson(exchange, flavour);
    if (body === undefined) return;
    const pieces = readAsk(body, 'openai').promptText.match(/[\s\S]{1,4}/g) ?? [];
    const [model] = state.models.values();
    sendJson(exchange, flavour, 200, {
      count: pieces.length,
      max_model_len: model?.contextTokens ?? 0,
      tokens: pieces.map((piece) => hashText(piece) % 32_000),
      token_strs: null,
    });
  },
  async 'POST /detokenize'(exchange) {
    const body = await readJson(exchange, flavour);
    if (body === undefined) return;
    const tokens = Array.isArray(body['tokens']) ? body['tokens'] : [];
    sendJson(exchange, flavour, 200, { prompt: tokens.map((id) => ` t${String(id)}`).join('') });
  },
};

export const serveVllm = createRouter({
  routes,
  flavour,
  open: ['/health', '/ping', '/version', '/metrics', '/load'],
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
  const { running, waiting } = state.engine.load();
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
