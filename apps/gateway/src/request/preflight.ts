import type { IncomingMessage } from 'node:http';
import { OllaError } from '@olla/core/errors';
import type { Call } from './call.ts';
import type { Cors } from './cors.ts';
import type { Outcome } from './outcome.ts';
import { respond } from './respond.ts';
import type { Route } from './routes.ts';

/** A browser asks whether its page may send a request. */
export function isPreflight(request: IncomingMessage): boolean {
  return request.method === 'OPTIONS' && request.headers['access-control-request-method'] !== undefined;
}

/**
 * Answers which methods and headers a page may send to a route.
 *
 * @throws OllaError METHOD_NOT_ALLOWED if CORS is switched off
 */
export function answerPreflight(call: Call, route: Route, cors: Cors | null): Outcome {
  if (cors !== null) {
    call.headers.cors = cors.preflight(call.request, route.kind === 'relay' ? route.methods : []);
    return respond(call, { status: 204, headers: [], body: '' });
  }
  throw new OllaError('METHOD_NOT_ALLOWED', 'CORS is switched off (server.cors.enabled)', {
    allow: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
  });
}
