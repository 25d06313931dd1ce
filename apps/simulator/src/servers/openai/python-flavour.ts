import { HEX, randomId } from '../../physics/random.ts';
import type { Flavour } from './flavour.ts';

/** Servers on FastAPI and uvicorn: lower-case headers, no word about the connection. The base of most types. */
export const pythonFlavour: Flavour = {
  base: '/v1',
  headWithSlot: true,
  roleFirst: true,
  headers: (_exchange, contentType) => [
    'date',
    new Date().toUTCString(),
    'server',
    'uvicorn',
    'content-type',
    contentType,
  ],
  tail: (exchange) => (exchange.wantsClose ? ['connection', 'close'] : []),
  lengthHeader: 'content-length',
  jsonType: 'application/json',
  streamType: 'text/event-stream; charset=utf-8',
  newChatId: (state) => `chatcmpl-${randomId(state.random, 32, HEX)}`,
  chunkExtras: () => ({}),
  choiceExtras: {},
  wholeMessageExtras: {},
  wholeExtras: () => ({}),
  errorBody: ({ message, type, param = null, code = null }) => ({ error: { message, type, param, code } }),
  unknownModel: (name) => ({
    status: 404,
    message: `The model \`${name}\` does not exist.`,
    type: 'invalid_request_error',
    param: 'model',
    code: 'model_not_found',
  }),
  tooLong: (context, prompt) => ({
    status: 400,
    message: `This model's maximum context length is ${context} tokens. However, your request has ${prompt} input tokens. Please reduce the length of the input messages.`,
    type: 'invalid_request_error',
    param: 'messages',
    code: 'context_length_exceeded',
  }),
  badJson: () => ({
    status: 400,
    message: 'We could not parse the JSON body of your request.',
    type: 'invalid_request_error',
  }),
};
