import type { IncomingMessage } from 'node:http';
import type { Settings } from '@olla/config/schema';
import { createAllowedOrigins } from './allowed-origins.ts';

/** Headers of the gateway that pages may read unless the configuration names others. */
const EXPOSED = [
  'X-Olla-Request-ID',
  'X-Olla-Endpoint',
  'X-Olla-Backend-Type',
  'X-Olla-Model',
  'X-Olla-Response-Time',
  'X-Olla-Error-Code',
  'X-Olla-Routing-Strategy',
  'X-Olla-Routing-Decision',
  'X-Olla-Routing-Reason',
  'X-Olla-Sticky-Session',
  'X-Olla-Sticky-Key-Source',
  'X-Olla-Session-ID',
  'X-RateLimit-Limit',
  'X-RateLimit-Remaining',
  'X-RateLimit-Reset',
  'RateLimit',
  'RateLimit-Policy',
  'Retry-After',
].join(', ');

/** The methods that the contract promises to every browser. */
const ALWAYS_ALLOWED = ['Content-Type', 'Authorization'];
const ALWAYS_ALLOWED_METHODS = ['GET', 'POST', 'OPTIONS'];

/** Behind a proxy that relays these, a page that may send them could pretend to be one of the gateway's own. */
const OF_PROXIES = /^(?:x-forwarded-.*|forwarded|x-real-ip)$/i;

export interface Cors {
  /** Flat headers for a response to `request`. */
  headers(request: Pick<IncomingMessage, 'headers'>): readonly string[];
  /**
   * Flat headers for a response to a preflight.
   *
   * @param methods of the path in addition to those of every path
   */
  preflight(request: Pick<IncomingMessage, 'headers'>, methods: readonly string[]): readonly string[];
  /** The operator named the origin, and not only `*`. */
  names(origin: string): boolean;
}

export function createCors(settings: Settings['server']['cors']): Cors | null {
  if (!settings.enabled) return null;
  const origins = createAllowedOrigins(settings.allowed_origins);
  const anyOrigin = origins.any;
  const always = [...new Set([...ALWAYS_ALLOWED_METHODS, ...settings.allowed_methods])];
  const named = settings.allowed_headers.filter((name) => name !== '*');
  const anyHeader = named.length < settings.allowed_headers.length;
  const base = anyHeader ? ALWAYS_ALLOWED : named;
  const exposed = settings.exposed_headers.length > 0 ? settings.exposed_headers.join(', ') : EXPOSED;
  const credentials = settings.allow_credentials ? ['Access-Control-Allow-Credentials', 'true'] : [];

  const shared = [
    'Access-Control-Allow-Methods',
    always.join(', '),
    'Access-Control-Allow-Headers',
    base.join(', '),
  ];
  const forAnyOrigin = ['Access-Control-Allow-Origin', '*', ...shared];
  const forAnyBrowser = [...forAnyOrigin, 'Access-Control-Expose-Headers', exposed];

  const allow = (origin: string): readonly string[] => [
    'Access-Control-Allow-Origin',
    origin,
    ...credentials,
    'Vary',
    'Origin',
  ];

  return {
    headers(request) {
      const { origin } = request.headers;
      if (anyOrigin) return origin === undefined ? forAnyOrigin : forAnyBrowser;
      if (origin === undefined || !origins.allows(origin)) return ['Vary', 'Origin'];
      return [...allow(origin), ...shared, 'Access-Control-Expose-Headers', exposed];
    },
    names: (origin) => origins.names(origin),
    preflight({ headers }, methods) {
      const origin = headers.origin ?? '';
      const vary = ['Vary', 'Access-Control-Request-Method, Access-Control-Request-Headers'];
      if (!anyOrigin && !origins.allows(origin)) return ['Vary', 'Origin', ...vary];
      return [
        ...(anyOrigin ? ['Access-Control-Allow-Origin', '*'] : allow(origin)),
        'Access-Control-Allow-Methods',
        [...new Set([...always, ...methods])].join(', '),
        'Access-Control-Allow-Headers',
        allowedHeaders(base, anyHeader, headers['access-control-request-headers']),
        ...privateNetwork(headers),
        'Access-Control-Max-Age',
        String(settings.max_age),
        ...vary,
      ];
    },
  };
}

/**
 * A page of a public site asks whether it may reach a private network (Private Network Access, WICG). Callers of the
 * gateway may: the origin matters, not the network from which the page was loaded. This allows no DNS rebinding,
 * because a page that rebinds is of the same origin and sends no preflight.
 */
function privateNetwork(headers: IncomingMessage['headers']): readonly string[] {
  if (headers['access-control-request-private-network'] !== 'true') return [];
  return ['Access-Control-Allow-Private-Network', 'true', 'Vary', 'Access-Control-Request-Private-Network'];
}

/** The headers that are always allowed, and the requested ones; each once, in any case. */
function allowedHeaders(base: readonly string[], any: boolean, asked: string | undefined): string {
  if (!any || asked === undefined) return base.join(', ');
  const seen = new Map(base.map((name) => [name.toLowerCase(), name]));
  for (const part of asked.slice(0, 4096).split(',')) {
    const name = part.trim();
    if (OF_PROXIES.test(name) || !/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) continue;
    if (!seen.has(name.toLowerCase())) seen.set(name.toLowerCase(), name);
  }
  return [...seen.values()].join(', ');
}
