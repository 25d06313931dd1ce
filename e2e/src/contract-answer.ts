import assert from 'node:assert/strict';
import type { RawResponse } from '@olla/testing/raw-http';

export const CHAT = '/olla/openai/v1/chat/completions';

export interface ErrorOfContract {
  readonly message: string;
  readonly type: string;
  readonly code: string;
}

/** Bytes of a POST with a JSON body and its length. */
export function postBytes(body: string, headers: readonly string[] = [], path = CHAT): Buffer {
  const lines = [`POST ${path} HTTP/1.1`, 'Host: gateway.test', 'Content-Type: application/json', ...headers];
  return Buffer.from([...lines, `Content-Length: ${Buffer.byteLength(body)}`, '', body].join('\r\n'));
}

/** Bytes of a request without a body. */
export function requestBytes(method: string, path: string, headers: readonly string[] = []): string {
  return [`${method} ${path} HTTP/1.1`, 'Host: gateway.test', ...headers, '', ''].join('\r\n');
}

/** What every answer has, whatever it is an answer to. */
export function assertOnEveryAnswer(response: RawResponse, name = response.startLine): void {
  assert.match(response.header('x-olla-request-id') ?? '', /^[\x21-\x7e]{1,128}$/, `${name}: request id`);
  assert.equal(response.header('access-control-allow-origin'), '*', name);
  assert.equal(response.header('access-control-allow-methods'), 'GET, POST, OPTIONS', name);
  assert.match(response.header('access-control-allow-headers') ?? '', /^Content-Type, Authorization/, name);
  const ids = response.headers.filter(([key]) => key.toLowerCase() === 'x-olla-request-id');
  assert.equal(ids.length, 1, `${name}: one request id`);
}

/** An error of the gateway itself: the form, the status, the code, and what every answer has. */
export function assertError(response: RawResponse, status: number, code: string): ErrorOfContract {
  const seen = `${response.rawHead}${response.text()}`;
  assert.equal(response.status, status, seen);
  assert.equal(response.complete, true, seen);
  assertOnEveryAnswer(response, seen);
  assert.equal(response.header('content-type'), 'application/json', seen);
  assert.match(response.header('x-olla-response-time') ?? '', /^\d+ms$/, seen);
  assert.equal(response.header('transfer-encoding'), undefined, seen);
  assert.equal(response.header('content-length'), String(Buffer.byteLength(response.text())), seen);
  const body = JSON.parse(response.text()) as { error: ErrorOfContract };
  assert.deepEqual(Object.keys(body), ['error'], seen);
  assert.deepEqual(Object.keys(body.error).sort(), ['code', 'message', 'type'], seen);
  assert.equal(body.error.code, code, seen);
  // Nothing of the inside: no stack, no file, no name of a library's error.
  assert.doesNotMatch(body.error.message, /\n|\.ts\b|node:|Error:|undefined|\[object/, seen);
  assert.ok(body.error.message.length > 10, seen);
  return body.error;
}
