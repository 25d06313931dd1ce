import type { IncomingMessage } from 'node:http';
import { OllaError } from '@olla/core/errors';

/** @throws OllaError MANAGEMENT_DISABLED */
export function refuseManagement(allowed: boolean): void {
  if (!allowed)
    throw new OllaError(
      'MANAGEMENT_DISABLED',
      'calls that change models are switched off here (proxy.model_management). Make them on the server itself',
    );
}

/**
 * CORS is open, so that any page may chat; without this, any page could also delete models.
 *
 * @throws OllaError FORBIDDEN_ORIGIN
 */
export function refuseForeignOrigin(request: IncomingMessage): void {
  const { origin, host } = request.headers;
  if (origin === undefined || isSameOrigin(origin, host)) return;
  throw new OllaError(
    'FORBIDDEN_ORIGIN',
    'a web page of another origin may not change models. Use a client without Origin',
  );
}

function isSameOrigin(origin: string, host: string | undefined): boolean {
  if (host === undefined || !URL.canParse(origin)) return false;
  return new URL(origin).host === host.toLowerCase();
}
