import type { HealthVerdict, ProbeResponse } from '../profile.ts';
import { asRecord, asText, parseJson } from './json.ts';

const OK: HealthVerdict = { ok: true };
/** The longest pause that a backend may ask for. */
const MAX_RETRY_AFTER_MS = 3_600_000;

/** Health check for most servers: any 2xx is healthy. */
export function checkStatus(response: ProbeResponse): HealthVerdict {
  const access = checkAccess(response);
  if (!access.ok) return access;
  const { status } = response;
  if (status >= 200 && status < 300) return OK;
  if (status >= 300 && status < 400) {
    const to = asText(response.headers['location']);
    return unhealthy(
      `answered ${status}, a redirect: set url to where the server really is`,
      to === null ? '' : `to ${to.slice(0, 200)}`,
    );
  }
  return unhealthy(`answered ${status}`, errorText(response.body));
}

function unhealthy(reason: string, detail: string): HealthVerdict {
  return { ok: false, state: 'unhealthy', reason, ...(detail === '' ? {} : { detail }) };
}

/** Checks only access: 401 and 403 need the operator, 429 is temporary. */
export function checkAccess(response: ProbeResponse): HealthVerdict {
  const { status } = response;
  if (status === 401 || status === 403) {
    return {
      ok: false,
      state: 'config_error',
      reason: `answered ${status}: check the endpoint's auth in the configuration`,
    };
  }
  if (status === 429) {
    const retryAfterMs = retryAfterOf(response.headers['retry-after']);
    const reason = 'answered 429: it limits our requests';
    return retryAfterMs === null
      ? { ok: false, state: 'rate_limited', reason }
      : { ok: false, state: 'rate_limited', reason, retryAfterMs };
  }
  return OK;
}

/** Retry-After (RFC 9110 §10.2.3) in milliseconds, from seconds or a date; null for other values. */
export function retryAfterOf(header: string | undefined, now = Date.now()): number | null {
  if (header === undefined) return null;
  const text = header.trim();
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 0), MAX_RETRY_AFTER_MS) : null;
}

/** The message of an error body in the forms that servers use, shortened for the log; '' if there is none. */
export function errorText(body: string): string {
  const error = asRecord(parseJson(body))['error'];
  const message = typeof error === 'string' ? error : asRecord(error)['message'];
  return typeof message === 'string' ? message.replaceAll(/\s+/g, ' ').slice(0, 120) : '';
}
