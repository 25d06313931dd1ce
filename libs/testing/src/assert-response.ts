import assert from 'node:assert/strict';
import type { RawResponse } from './raw-http.ts';

/** The body of an error of the gateway. */
export interface ErrorOfContract {
  readonly message: string;
  readonly type: string;
  readonly code: string;
}

/** Throws unless a response has the headers of every response of the gateway. */
export function assertOnEveryResponse(response: RawResponse, name = response.startLine): void {
  assert.match(response.header('x-olla-request-id') ?? '', /^[\x21-\x7e]{1,128}$/, `${name}: request id`);
  assert.equal(response.header('access-control-allow-origin'), '*', name);
  assert.equal(response.header('access-control-allow-methods'), 'GET, POST, OPTIONS', name);
  assert.match(response.header('access-control-allow-headers') ?? '', /^Content-Type, Authorization/, name);
  const ids = response.headers.filter(([key]) => key.toLowerCase() === 'x-olla-request-id');
  assert.equal(ids.length, 1, `${name}: one request id`);
}

/** Throws unless a response is this error of the gateway, in form, status and code, without internal details. */
export function assertError(response: RawResponse, status: number, code: string): ErrorOfContract {
  const seen = `${response.rawHead}${response.text()}`;
  assert.equal(response.status, status, seen);
  assert.equal(response.complete, true, seen);
  assertOnEveryResponse(response, seen);
  assert.equal(response.header('content-type'), 'application/json', seen);
  assert.match(response.header('x-olla-response-time') ?? '', /^\d+ms$/, seen);
  assert.equal(response.header('transfer-encoding'), undefined, seen);
  assert.equal(response.header('content-length'), String(Buffer.byteLength(response.text())), seen);
  const body = JSON.parse(response.text()) as { error: ErrorOfContract };
  assert.deepEqual(Object.keys(body), ['error'], seen);
  assert.deepEqual(Object.keys(body.error).sort(), ['code', 'message', 'type'], seen);
  assert.equal(body.error.code, code, seen);
  assertMessage(body.error.message, seen);
  return body.error;
}

/** The same for an error on Ollama's own API, whose `error` is a text and whose code is in a header. */
export function assertOllamaError(response: RawResponse, status: number, code: string): string {
  const seen = `${response.rawHead}${response.text()}`;
  assert.equal(response.status, status, seen);
  assertOnEveryResponse(response, seen);
  assert.equal(response.header('content-type'), 'application/json', seen);
  assert.equal(response.header('x-olla-error-code'), code, seen);
  const body = JSON.parse(response.text()) as { error: string };
  assert.deepEqual(Object.keys(body), ['error'], seen);
  assertMessage(body.error, seen);
  return body.error;
}

/** Throws if a text has internal details: a stack, a file or the name of a library's error. */
function assertMessage(message: string, seen: string): void {
  assert.doesNotMatch(message, /\n|\.ts\b|node:|Error:|undefined|\[object/, seen);
  assert.ok(message.length > 10, seen);
}
