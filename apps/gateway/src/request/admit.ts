import { OllaError } from '@olla/core/errors';
import type { Limiter } from '@olla/state/limiter';
import type { Admission as Decision, LimitSpec } from '@olla/state/limiter/admission';
import type { StatisticsRecorder } from '../observe/statistics-recorder.ts';
import type { Call } from './call.ts';
import type { ClientAddress } from './client-address.ts';
import type { LimitTable } from './limit-table.ts';
import type { Route } from './routes.ts';

/** Whether a request passes its limits. */
export interface Admission {
  /** Null if it passes. */
  readonly refusal: OllaError | null;
  /** Flat: the headers about its limit for every response. */
  readonly headers: readonly string[];
}

export type Admit = (call: Call, route: Route, client: ClientAddress) => Admission | Promise<Admission>;

export interface AdmitOptions {
  readonly limiter: Pick<Limiter, 'admit'>;
  readonly limits: LimitTable;
  readonly statistics: StatisticsRecorder;
}

const NO_LIMITS: Admission = { refusal: null, headers: [] };

/** Takes a token of each limit that a request falls under. Waits only if no token is leased. */
export function createAdmit({ limiter, limits, statistics }: AdmitOptions): Admit {
  return (call, route, { address }) => {
    const isSystem = route.kind === 'admin' || !call.path.startsWith('/olla');
    const specs = isSystem ? limits.system(address) : limits.traffic(address);
    if (specs.length === 0) return NO_LIMITS;
    const decided = limiter.admit(specs);
    if (!(decided instanceof Promise)) return admissionOf(decided, specs, address);
    statistics.waitForLease();
    return decided.then((late) => admissionOf(late, specs, address));
  };

  function admissionOf(decision: Decision, specs: readonly LimitSpec[], address: string): Admission {
    const { refusedBy } = decision;
    if (refusedBy !== null) statistics.reject(refusedBy.name, clientOf(refusedBy, address));
    return {
      refusal: refusedBy === null ? null : refusal(decision, refusedBy),
      headers: limitHeaders(decision, (refusedBy ?? specs.at(-1))?.name ?? 'global'),
    };
  }
}

/** Addresses of one IPv6 network are one client, as they are for its limit. */
function clientOf({ name, key }: LimitSpec, address: string): string {
  return name === 'global' ? address : key.slice(key.indexOf(':') + 1);
}

const WINDOW_S = 60;

/** The original's headers, and those of the IETF's draft (draft-ietf-httpapi-ratelimit-headers). */
function limitHeaders({ limit, remaining, resetMs }: Decision, name: LimitSpec['name']): readonly string[] {
  const resetS = Math.ceil(resetMs / 1000);
  return [
    'X-RateLimit-Limit',
    String(limit),
    'X-RateLimit-Remaining',
    String(remaining),
    'X-RateLimit-Reset',
    String(Math.floor(Date.now() / 1000) + resetS),
    'RateLimit-Policy',
    `"${name}";q=${limit};w=${WINDOW_S}`,
    'RateLimit',
    `"${name}";r=${remaining};t=${resetS}`,
  ];
}

const KEYS: Record<LimitSpec['name'], string> = {
  global: 'server.rate_limits.global_requests_per_minute',
  per_ip: 'server.rate_limits.per_ip_requests_per_minute',
  health: 'server.rate_limits.health_requests_per_minute',
};

/** For the client: which limit refuses, its key, and whole seconds until the next token. */
export function refusal(decision: Decision, spec: LimitSpec): OllaError {
  const whose = spec.name === 'global' ? 'all clients together' : 'this address';
  const retryAfterS = Math.max(1, Math.ceil(decision.retryAfterMs / 1000));
  return new OllaError(
    'RATE_LIMITED',
    `${whose} may send ${spec.ratePerMinute} requests a minute (${KEYS[spec.name]}). Try again in ${retryAfterS} s`,
    { retryAfterS },
  );
}
