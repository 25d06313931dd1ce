/** The path of a chat by OpenAI's API, to any endpoint that speaks it. */
export const CHAT = '/olla/openai/v1/chat/completions';

/** Bytes of a POST with a JSON body and its length. */
export function postBytes(body: string | Buffer, headers: readonly string[] = [], path = CHAT): Buffer {
  const lines = [`POST ${path} HTTP/1.1`, 'Host: gateway.test', 'Content-Type: application/json', ...headers];
  const head = [...lines, `Content-Length: ${Buffer.byteLength(body)}`, '', ''].join('\r\n');
  return Buffer.concat([Buffer.from(head), Buffer.from(body)]);
}

/** Bytes of a request without a body. */
export function requestBytes(method: string, path: string, headers: readonly string[] = []): string {
  return [`${method} ${path} HTTP/1.1`, 'Host: gateway.test', ...headers, '', ''].join('\r\n');
}
