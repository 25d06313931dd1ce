import type { ServerType } from '../fleet-spec.ts';
import type { ServerState } from '../server-state.ts';
import type { ApiVariant } from './openai/api-variant.ts';
import { fastApiVariant } from './openai/fastapi-variant.ts';
import { messagesRoutes } from './openai/messages.ts';
import { createRouter, openAiRoutes, type Handler, type Routes } from './openai/router.ts';
import { sendEmptyHealth, sendJson, sendText } from './openai/send.ts';

const UNAUTHORIZED = {
  status: 401,
  body: {
    error: {
      message: 'Incorrect API key provided.',
      type: 'invalid_request_error',
      param: null,
      code: 'invalid_api_key',
    },
  },
};

const lemonade: ApiVariant = { ...fastApiVariant, base: '/api/v1' };
const modelRunner: ApiVariant = {
  ...fastApiVariant,
  base: '/engines/v1',
  contentLengthName: 'Content-Length',
  headers: (_exchange, contentType) => ['Content-Type', contentType, 'Date', new Date().toUTCString()],
};

const healthy: Handler = (exchange) => sendJson(exchange, fastApiVariant, 200, { status: 'healthy' });

/** The routes in which a type differs from a plain OpenAI-compatible server. */
const EXTRA_ROUTES: Partial<Record<ServerType, Routes>> = {
  'vllm-mlx': { 'GET /health': healthy, ...messagesRoutes(fastApiVariant, '/v1', true) },
  omlx: { 'GET /health': healthy, ...messagesRoutes(fastApiVariant, '/v1', false) },
  'docker-model-runner': messagesRoutes(modelRunner, '/anthropic/v1', true),
  lmdeploy: { 'GET /health': sendEmptyHealth },
  sglang: {
    'GET /health': sendEmptyHealth,
    'GET /metrics': (exchange, state) =>
      sendText(exchange, fastApiVariant, {
        status: 200,
        contentType: 'text/plain; version=0.0.4; charset=utf-8',
        body: sglangMetrics(state),
      }),
    'GET /get_model_info': (exchange, state) => {
      const [model] = state.models.values();
      sendJson(exchange, fastApiVariant, 200, {
        model_path: model?.name ?? '',
        tokenizer_path: model?.name ?? '',
        is_generation: true,
      });
    },
  },
  litellm: {
    ...messagesRoutes(fastApiVariant, '/v1', false),
    'GET /health/liveliness': (exchange) => sendJson(exchange, fastApiVariant, 200, "I'm alive!"),
    'GET /health/liveness': (exchange) => sendJson(exchange, fastApiVariant, 200, "I'm alive!"),
    'GET /health/readiness': (exchange) =>
      sendJson(exchange, fastApiVariant, 200, { status: 'healthy', db: 'Not connected' }),
  },
  lemonade: {
    'GET /api/v1/health': (exchange, state) => {
      const loaded = state.engine.residents().find((resident) => resident.state === 'ready');
      sendJson(exchange, lemonade, 200, {
        status: 'ok',
        model_loaded: loaded?.model ?? null,
        checkpoint_loaded: loaded?.model ?? null,
      });
    },
  },
};

/** `owned_by` in the model list. */
const OWNERS: Partial<Record<ServerType, string>> = {
  sglang: 'sglang',
  lmdeploy: 'lmdeploy',
  lemonade: 'lemonade',
  litellm: 'openai',
  'docker-model-runner': 'docker',
  omlx: 'omlx',
  'vllm-mlx': 'vllm-mlx',
};

/** The handler of a type that differs little from a plain OpenAI-compatible server. */
export function createOpenAiCompatible(type: ServerType): Handler {
  const variant =
    type === 'lemonade' ? lemonade : type === 'docker-model-runner' ? modelRunner : fastApiVariant;
  const routes: Routes = {
    ...openAiRoutes(variant),
    ...EXTRA_ROUTES[type],
    [`GET ${variant.base}/models`]: (exchange, state) =>
      sendJson(exchange, variant, 200, listModels(type, state)),
  };
  return createRouter({
    routes,
    variant,
    publicPaths: ['/health', '/health/liveliness', '/health/liveness', '/health/readiness'],
    unauthorized: UNAUTHORIZED,
  });
}

function listModels(type: ServerType, state: ServerState): unknown {
  const created = Math.floor(state.startedAt / 1000);
  const data = [...state.models.values()].map((model) => ({
    id: model.name,
    object: 'model',
    created,
    owned_by: OWNERS[type] ?? 'simulator',
    ...(type === 'sglang' ? { root: model.name, max_model_len: model.contextTokens } : {}),
  }));
  return { object: 'list', data };
}

function sglangMetrics(state: ServerState): string {
  const [model] = state.models.values();
  const { running, waiting } = state.engine.requestCounts();
  const usage = Math.min(
    1,
    running / Math.max(1, model === undefined ? 1 : state.engine.slotsOf(model.name).length),
  );
  const rows: [string, string, number][] = [
    ['num_running_reqs', 'The number of running requests.', running],
    ['num_queue_reqs', 'The number of requests in the waiting queue.', waiting],
    ['token_usage', 'The token usage.', usage],
  ];
  return rows
    .map(
      ([name, help, value]) =>
        `# HELP sglang:${name} ${help}\n# TYPE sglang:${name} gauge\nsglang:${name}{model_name="${model?.name ?? ''}"} ${value}\n`,
    )
    .join('');
}
