import type { IncomingMessage } from 'node:http';
import { OllaError } from '@olla/core/errors';
import type { Call } from './call.ts';
import type { Outcome } from './outcome.ts';
import { respond } from './respond.ts';

/** A browser asks whether its page may send the request that it has in mind. */
export function isPreflight(request: IncomingMessage): boolean {
  return request.method === 'OPTIONS' && request.headers['access-control-request-method'] !== undefined;
}

/**
 * What it is told is in the call's CORS headers.
 *
 * @throws OllaError METHOD_NOT_ALLOWED if CORS is switched off
 */
export function answerPreflight(call: Call, isCorsEnabled: boolean): Outcome {
  if (isCorsEnabled) return respond(call, { status: 204, headers: [], body: '' });
  throw new OllaError('METHOD_NOT_ALLOWED', 'CORS is switched off (server.cors.enabled)', {
    allow: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
  });
}
