import type { IncomingMessage } from 'node:http';
import { OllaError } from '@olla/core/errors';
import type { Exchange } from './exchange.ts';
import { respond } from './respond.ts';
import type { WorkerContext } from '../worker-context.ts';

/** A browser asks whether its page may send the request that it has in mind. */
export function isPreflight(request: IncomingMessage): boolean {
  return request.method === 'OPTIONS' && request.headers['access-control-request-method'] !== undefined;
}

export function answerPreflight(context: WorkerContext, exchange: Exchange): void {
  if (context.cors === null) {
    exchange.baseHeaders.push('Allow', 'GET, HEAD, POST, PUT, PATCH, DELETE');
    throw new OllaError('METHOD_NOT_ALLOWED', 'CORS is switched off (server.cors.enabled)');
  }
  exchange.baseHeaders.length = 2;
  respond(exchange, 204, context.cors.preflight(exchange.request), '');
}
