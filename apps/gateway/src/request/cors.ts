import type { IncomingMessage } from 'node:http';
import type { Settings } from '@olla/config/schema';

/** Headers of ours that pages may read unless the configuration names others. */
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

/** What the contract promises to every browser, whatever it asks for. */
const ALWAYS_ALLOWED = ['Content-Type', 'Authorization'];

export interface Cors {
  /** Flat headers for a response to `request`. */
  headers(request: Pick<IncomingMessage, 'headers'>): readonly string[];
  /** Flat headers for a response to a preflight. */
  preflight(request: Pick<IncomingMessage, 'headers'>): readonly string[];
}

export function createCors(settings: Settings['server']['cors']): Cors | null {
  if (!settings.enabled) return null;
  const anyOrigin = settings.allowed_origins.includes('*');
  const origins = new Set(settings.allowed_origins);
  const methods = settings.allowed_methods.join(', ');
  const named = settings.allowed_headers.filter((name) => name !== '*');
  const anyHeader = named.length < settings.allowed_headers.length;
  const base = anyHeader ? ALWAYS_ALLOWED : named;
  const exposed = settings.exposed_headers.length > 0 ? settings.exposed_headers.join(', ') : EXPOSED;
  const credentials = settings.allow_credentials ? ['Access-Control-Allow-Credentials', 'true'] : [];

  const shared = ['Access-Control-Allow-Methods', methods, 'Access-Control-Allow-Headers', base.join(', ')];
  const forAnyOrigin = ['Access-Control-Allow-Origin', '*', ...shared];
  const forAnyBrowser = [...forAnyOrigin, 'Access-Control-Expose-Headers', exposed];

  const allow = (origin: string): readonly string[] =>
    origins.has(origin)
      ? ['Access-Control-Allow-Origin', origin, ...credentials, 'Vary', 'Origin']
      : ['Vary', 'Origin'];

  return {
    headers(request) {
      const { origin } = request.headers;
      if (anyOrigin) return origin === undefined ? forAnyOrigin : forAnyBrowser;
      if (origin === undefined || !origins.has(origin)) return ['Vary', 'Origin'];
      return [...allow(origin), ...shared, 'Access-Control-Expose-Headers', exposed];
    },
    preflight(request) {
      const origin = request.headers.origin ?? '';
      const vary = ['Vary', 'Access-Control-Request-Method, Access-Control-Request-Headers'];
      if (!anyOrigin && !origins.has(origin)) return ['Vary', 'Origin', ...vary];
      return [
        ...(anyOrigin ? ['Access-Control-Allow-Origin', '*'] : allow(origin)),
        'Access-Control-Allow-Methods',
        methods,
        'Access-Control-Allow-Headers',
        allowedHeaders(base, anyHeader, request.headers['access-control-request-headers']),
        'Access-Control-Max-Age',
        String(settings.max_age),
        ...vary,
      ];
    },
  };
}

/** Those always allowed, and those asked for; each once, whatever its case. */
function allowedHeaders(base: readonly string[], any: boolean, asked: string | undefined): string {
  if (!any || asked === undefined) return base.join(', ');
  const seen = new Map(base.map((name) => [name.toLowerCase(), name]));
  for (const part of asked.slice(0, 4096).split(',')) {
    const name = part.trim();
    if (/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name) && !seen.has(name.toLowerCase()))
      seen.set(name.toLowerCase(), name);
  }
  return [...seen.values()].join(', ');
}
