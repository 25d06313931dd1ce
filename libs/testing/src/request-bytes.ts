import { chunk } from './raw-backend.ts';

/** The path of a chat by OpenAI's API, for any endpoint that supports it. */
export const CHAT = '/olla/openai/v1/chat/completions';

/** Bytes of a POST with a JSON body and its length. */
export function postBytes(body: string | Buffer, headers: readonly string[] = [], path = CHAT): Buffer {
  const lines = [`POST ${path} HTTP/1.1`, 'Host: gateway.test', 'Content-Type: application/json', ...headers];
  const head = [...lines, `Content-Length: ${Buffer.byteLength(body)}`, '', ''].join('\r\n');
  return Buffer.concat([Buffer.from(head), Buffer.from(body)]);
}

/**
 * Bytes of a request of any method with a JSON body and its length, but without Content-Type, as some tools send it.
 */
export function callBytes(
  method: string,
  path: string,
  body: unknown,
  headers: readonly string[] = [],
): string {
  const text = JSON.stringify(body);
  const lines = [`${method} ${path} HTTP/1.1`, 'Host: gateway.test', ...headers];
  return [...lines, `Content-Length: ${Buffer.byteLength(text)}`, '', text].join('\r\n');
}

/** Bytes of a request without a body. */
export function requestBytes(method: string, path: string, headers: readonly string[] = []): string {
  return [`${method} ${path} HTTP/1.1`, 'Host: gateway.test', ...headers, '', ''].join('\r\n');
}

/** Bytes of a POST with a JSON body in these chunks. */
export function chunkedPost(chunks: readonly string[], headers: readonly string[] = [], path = CHAT): string {
  const lines = [`POST ${path} HTTP/1.1`, 'Host: gateway.test', 'Content-Type: application/json', ...headers];
  const head = [...lines, 'Transfer-Encoding: chunked', '', ''].join('\r\n');
  return `${head}${chunks.map(chunk).join('')}0\r\n\r\n`;
}
