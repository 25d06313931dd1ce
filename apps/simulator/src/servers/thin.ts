import type { ServerType } from '../fleet-spec.ts';
import type { Exchange } from '../http/exchange.ts';
import type { ServerState } from '../server-state.ts';
import type { Flavour } from './openai/flavour.ts';
import { messagesRoutes } from './openai/messages.ts';
import { pythonFlavour } from './openai/python-flavour.ts';
import { createRouter, openAiRoutes, type Routes, type Serve } from './openai/router.ts';
import { sendJson, sendText } from './openai/send.ts';

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

/** Servers that differ from a plain OpenAI-compatible one in their health, their load signal or their base path. */
const lemonade: Flavour = { ...pythonFlavour, base: '/api/v1' };
const modelRunner: Flavour = {
  ...pythonFlavour,
  base: '/engines/v1',
  lengthHeader: 'Content-Length',
  headers: (_exchange, contentType) => ['Content-Type', contentType, 'Date', new Date().toUTCString()],
};

const emptyHealth = (exchange: Exchange): void => {
  exchange.respond(
    200,
    'OK',
    ['date', new Date().toUTCString(), 'server', 'uvicorn', 'content-length', '0'],
    '',
  );
};
const okHealth: Serve = (exchange) => sendJson(exchange, pythonFlavour, 200, { status: 'healthy' });

const EXTRA: Partial<Record<ServerType, Routes>> = {
  'vllm-mlx': { 'GET /health': okHealth, ...messagesRoutes(pythonFlavour, '/v1', true) },
  omlx: { 'GET /health': okHealth, ...messagesRoutes(pythonFlavour, '/v1', false) },
  'docker-model-runner': messagesRoutes(modelRunner, '/anthropic/v1', true),
  lmdeploy: { 'GET /health': emptyHealth },
  sglang: {
    'GET /health': emptyHealth,
    'GET /metrics': (exchange, state) =>
      sendText(exchange, pythonFlavour, {
        status: 200,
        contentType: 'text/plain; version=0.0.4; charset=utf-8',
        body: sglangMetrics(state),
      }),
    'GET /get_model_info': (exchange, state) => {
      const [model] = state.models.values();
      sendJson(exchange, pythonFlavour, 200, {
        model_path: model?.name ?? '',
        tokenizer_path: model?.name ?? '',
        is_generation: true,
      });
    },
  },
  litellm: {
    ...messagesRoutes(pythonFlavour, '/v1', false),
    'GET /health/liveliness': (exchange) => sendJson(exchange, pythonFlavour, 200, "I'm alive!"),
    'GET /health/liveness': (exchange) => sendJson(exchange, pythonFlavour, 200, "I'm alive!"),
    'GET /health/readiness': (exchange) =>
      sendJson(exchange, pythonFlavour, 200, { status: 'healthy', db: 'Not connected' }),
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

const OWNERS: Partial<Record<ServerType, string>> = {
  sglang: 'sglang',
  lmdeploy: 'lmdeploy',
  lemonade: 'lemonade',
  litellm: 'openai',
  'docker-model-runner': 'docker',
  omlx: 'omlx',
  'vllm-mlx': 'vllm-mlx',
};

/** The behaviour of a type that has no file of its own. */
export function createThinServer(type: ServerType): Serve {
  const flavour =
    type === 'lemonade' ? lemonade : type === 'docker-model-runner' ? modelRunner : pythonFlavour;
  const routes: Routes = {
    ...openAiRoutes(flavour),
    ...EXTRA[type],
    [`GET ${flavour.base}/models`]: (exchange, state) =>
      sendJson(exchange, flavour, 200, listModels(type, state)),
  };
  return createRouter({
    routes,
    flavour,
    open: ['/health', '/health/liveliness', '/health/liveness', '/health/readiness'],
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
  const { running, waiting } = state.engine.load();
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
