import { OllaError } from '@olla/core/errors';
import { headerOf, type Call } from './call.ts';
import { errorResponse } from './error-response.ts';
import type { Outcome } from './outcome.ts';
import { respond } from './respond.ts';

/** Whether the client requests a WebSocket (RFC 6455 §4.1). HTTP/1.0 cannot (RFC 9110 §7.8). */
export function isWebSocketAttempt({ request, method }: Call): boolean {
  if (method !== 'GET' || request.httpVersionMinor === 0) return false;
  const upgrade = headerOf(request, 'upgrade');
  return upgrade?.split(',').some((protocol) => protocol.trim().toLowerCase() === 'websocket') ?? false;
}

/**
 * Refuses, because this gateway relays only HTTP. 426 is the one status after which clients such as Codex continue
 * without WebSockets at once (RFC 9110 §15.5.22).
 */
export function refuseWebSocket(call: Call): Outcome {
  const error = new OllaError(
    'UPGRADE_REQUIRED',
    'WebSockets are not relayed. Send the same request as HTTP/1.1, and take the stream as server-sent events',
  );
  const { status, headers, body } = errorResponse(error, call.errorForm);
  const connection = call.response.shouldKeepAlive ? 'Upgrade' : 'Upgrade, close';
  const own = [...headers, 'Upgrade', 'HTTP/1.1', 'Connection', connection];
  return { ...respond(call, { status, headers: own, body }), error: error.code };
}
