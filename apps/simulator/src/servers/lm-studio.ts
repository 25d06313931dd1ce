import { randomId } from '../engine/random.ts';
import type { Model } from '../model.ts';
import type { ServerState } from '../server-state.ts';
import type { ApiVariant } from './openai/api-variant.ts';
import { fastApiVariant } from './openai/fastapi-variant.ts';
import { messagesRoutes } from './openai/messages.ts';
import { createRouter, openAiRoutes, type Routes } from './openai/router.ts';
import { sendJson } from './openai/send.ts';

/** LM Studio's server uses Express: `X-Powered-By` comes first, `Date` and the connection headers last. */
const variant: ApiVariant = {
  ...fastApiVariant,
  headOnSlot: false,
  roleChunk: false,
  headers: (_exchange, contentType) => [
    ...['X-Powered-By', 'Express'],
    ...['Content-Type', contentType],
    ...(contentType === 'text/event-stream' ? ['Cache-Control', 'no-cache'] : []),
  ],
  trailingHeaders: (exchange) => [
    ...['Date', new Date().toUTCString()],
    ...(exchange.clientCloses
      ? ['Connection', 'close']
      : ['Connection', 'keep-alive', 'Keep-Alive', 'timeout=5']),
  ],
  contentLengthName: 'Content-Length',
  jsonType: 'application/json; charset=utf-8',
  streamType: 'text/event-stream',
  newChatId: (state) => `chatcmpl-${randomId(state.random, 22, 'abcdefghijklmnopqrstuvwxyz0123456789')}`,
  chunkExtras: (state) => ({ system_fingerprint: state.spec.name }),
  responseExtras: (state) => ({ stats: {}, system_fingerprint: state.spec.name }),
  unknownModel: (name) => ({
    status: 404,
    message: `Model "${name}" not found. List the models at /v1/models.`,
    type: 'invalid_request_error',
    param: 'model',
    code: 'model_not_found',
  }),
};

const native: ApiVariant = { ...variant, base: '/api/v0' };

const routes: Routes = {
  ...openAiRoutes(variant),
  ...openAiRoutes(native),
  ...messagesRoutes(variant, '/v1', false),
  'GET /v1/models': (exchange, state) => {
    const data = [...state.models.values()].map((model) => ({
      id: model.name,
      object: 'model',
      owned_by: 'organization_owner',
    }));
    sendJson(exchange, variant, 200, { data, object: 'list' });
  },
  'GET /api/v0/models': (exchange, state) => {
    sendJson(exchange, variant, 200, {
      data: [...state.models.values()].map((model) => describeModel(state, model)),
      object: 'list',
    });
  },
};

/** Loads a model at its first request, as LM Studio does with just-in-time loading. */
export const serveLmStudio = createRouter({
  routes,
  variant,
  publicPaths: [],
  unauthorized: { status: 401, body: { error: 'Unauthorized' } },
  unknownPath(exchange) {
    const modelPath = /^\/api\/v0\/models\/(.+)$/.exec(exchange.path);
    // LM Studio answers an unknown path with status 200 and an error in the body.
    const error =
      modelPath === null
        ? `Unexpected endpoint or method. (${exchange.method} ${exchange.path})`
        : `Model not found: ${decodeURIComponent(modelPath[1] ?? '')}`;
    sendJson(exchange, variant, modelPath === null ? 200 : 404, { error });
  },
});

function describeModel(state: ServerState, model: Model): unknown {
  const ready = state.engine
    .residents()
    .some((resident) => resident.model === model.name && resident.state === 'ready');
  return {
    id: model.name,
    object: 'model',
    type: model.kind,
    publisher: model.name.includes('/') ? model.name.slice(0, model.name.indexOf('/')) : 'lmstudio-community',
    arch: model.family,
    compatibility_type: 'gguf',
    quantization: model.quantization,
    state: ready ? 'loaded' : 'not-loaded',
    max_context_length: model.trainedContextTokens,
    ...(ready ? { loaded_context_length: model.contextTokens } : {}),
    ...(model.tools ? { capabilities: ['tool_use'] } : {}),
  };
}
