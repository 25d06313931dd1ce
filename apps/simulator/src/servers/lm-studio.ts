import type { Model } from '../model.ts';
import { randomId } from '../physics/random.ts';
import type { ServerState } from '../server-state.ts';
import type { Flavour } from './openai/flavour.ts';
import { messagesRoutes } from './openai/messages.ts';
import { pythonFlavour } from './openai/python-flavour.ts';
import { createRouter, openAiRoutes, type Routes } from './openai/router.ts';
import { sendJson } from './openai/send.ts';

/** LM Studio's server stands on Express: `X-Powered-By` first, `Date` and the connection's terms last. */
const flavour: Flavour = {
  ...pythonFlavour,
  headWithSlot: false,
  roleFirst: false,
  headers: (_exchange, contentType) => [
    'X-Powered-By',
    'Express',
    'Content-Type',
    contentType,
    ...(contentType === 'text/event-stream' ? ['Cache-Control', 'no-cache'] : []),
  ],
  tail: (exchange) => [
    'Date',
    new Date().toUTCString(),
    ...(exchange.wantsClose
      ? ['Connection', 'close']
      : ['Connection', 'keep-alive', 'Keep-Alive', 'timeout=5']),
  ],
  lengthHeader: 'Content-Length',
  jsonType: 'application/json; charset=utf-8',
  streamType: 'text/event-stream',
  newChatId: (state) => `chatcmpl-${randomId(state.random, 22, 'abcdefghijklmnopqrstuvwxyz0123456789')}`,
  chunkExtras: (state) => ({ system_fingerprint: state.spec.name }),
  wholeExtras: (state) => ({ stats: {}, system_fingerprint: state.spec.name }),
  unknownModel: (name) => ({
    status: 404,
    message: `Model "${name}" not found. List the models at /v1/models.`,
    type: 'invalid_request_error',
    param: 'model',
    code: 'model_not_found',
  }),
};

const native: Flavour = { ...flavour, base: '/api/v0' };

const routes: Routes = {
  ...openAiRoutes(flavour),
  ...openAiRoutes(native),
  ...messagesRoutes(flavour, '/v1', false),
  'GET /v1/models': (exchange, state) => {
    const data = [...state.models.values()].map((model) => ({
      id: model.name,
      object: 'model',
      owned_by: 'organization_owner',
    }));
    sendJson(exchange, flavour, 200, { data, object: 'list' });
  },
  'GET /api/v0/models': (exchange, state) => {
    sendJson(exchange, flavour, 200, {
      data: [...state.models.values()].map((model) => describe(state, model)),
      object: 'list',
    });
  },
};

/** Models are loaded when asked for, as with just-in-time loading switched on. */
export const serveLmStudio = createRouter({
  routes,
  flavour,
  open: [],
  unauthorized: { status: 401, body: { error: 'Unauthorized' } },
  unknownPath(exchange) {
    const one = /^\/api\/v0\/models\/(.+)$/.exec(exchange.path);
    // An unknown path is no error to this server: it says so and answers 200.
    const error =
      one === null
        ? `Unexpected endpoint or method. (${exchange.method} ${exchange.path})`
        : `Model not found: ${decodeURIComponent(one[1] ?? '')}`;
    sendJson(exchange, flavour, one === null ? 200 : 404, { error });
  },
});

function describe(state: ServerState, model: Model): unknown {
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
