import { findHeader } from '@olla/core/http/find-header';

/**
 * How long a server that refuses asks clients to wait (RFC 9110 §10.2.3).
 *
 * @returns milliseconds from now; null if it does not say, or does not refuse
 */
export function retryAfterMs(status: number, rawHeaders: readonly string[]): number | null {
  if (status !== 429 && status !== 503) return null;
  const value = findHeader(rawHeaders, 'retry-after');
  if (value === null) return null;
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1_000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? null : Math.max(0, at - Date.now());
}
