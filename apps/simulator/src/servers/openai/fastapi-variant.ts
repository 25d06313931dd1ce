import { HEX, randomId } from '../../engine/random.ts';
import type { ApiVariant } from './api-variant.ts';

/**
 * Servers on FastAPI and uvicorn, the base of most types: header names are lower case, and no header says whether
 * the connection stays open.
 */
export const fastApiVariant: ApiVariant = {
  base: '/v1',
  headOnSlot: true,
  roleChunk: true,
  headers: (_exchange, contentType) => [
    ...['date', new Date().toUTCString()],
    ...['server', 'uvicorn'],
    ...['content-type', contentType],
  ],
  trailingHeaders: (exchange) => (exchange.clientCloses ? ['connection', 'close'] : []),
  contentLengthName: 'content-length',
  jsonType: 'application/json',
  streamType: 'text/event-stream; charset=utf-8',
  newChatId: (state) => `chatcmpl-${randomId(state.random, 32, HEX)}`,
  chunkExtras: () => ({}),
  choiceExtras: {},
  messageExtras: {},
  responseExtras: () => ({}),
  errorBody: ({ message, type, param = null, code = null }) => ({ error: { message, type, param, code } }),
  unknownModel: (name) => ({
    status: 404,
    message: `The model \`${name}\` does not exist.`,
    type: 'invalid_request_error',
    param: 'model',
    code: 'model_not_found',
  }),
  contextTooLong: (context, prompt) => ({
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
