import { request } from 'node:http';
import type { Readable } from 'node:stream';

export interface EngineAnswer {
  readonly status: number;
  readonly text: string;
}

/** One call of a Docker engine's HTTP API on its socket. Rejects if the engine cannot be reached in time. */
export function callEngine(
  socketPath: string,
  method: string,
  path: string,
  body: Readable | null = null,
  timeoutMs = 120_000,
): Promise<EngineAnswer> {
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath, method, path, signal: AbortSignal.timeout(timeoutMs) }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => (text += part));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      response.on('error', reject);
    });
    sent.on('error', reject);
    if (body === null) sent.end();
    else body.on('error', reject).pipe(sent);
  });
}

export async function isEngine(socketPath: string): Promise<boolean> {
  try {
    return (await callEngine(socketPath, 'GET', '/_ping', null, 2_000)).status === 200;
  } catch {
    return false; // No program listens there, or it is no Docker engine.
  }
}
