import type { IncomingMessage } from 'node:http';
import { OllaError } from '@olla/core/errors';
import type { AdminToken } from '../admin/admin-token.ts';
import type { ClientAddress } from './client-address.ts';
import type { Cors } from './cors.ts';
import type { IsKnownHost } from './known-hosts.ts';
import { printable } from './routes.ts';

export interface CallerRules {
  readonly isKnownHost: IsKnownHost;
  /** Null where CORS is switched off. */
  readonly cors: Pick<Cors, 'names'> | null;
  /** Null if this gateway has none. */
  readonly adminToken: AdminToken | null;
}

type Trusted = Pick<ClientAddress, 'isPeerTrusted'>;

/**
 * Distinguishes pages of other origins, which browsers let anyone open, from pages of the gateway itself and from
 * tools.
 */
export class Callers {
  readonly #rules: CallerRules;

  constructor(rules: CallerRules) {
    this.#rules = rules;
  }

  /**
   * Why a request may not change anything here; null if it may. Tools, which send no Origin, and holders of the admin
   * token may.
   */
  refusalOfChange(request: IncomingMessage, client: Trusted): OllaError | null {
    if (!isFromPage(request)) return null;
    const refusal = this.#refusalOfHost(request, client) ?? this.#refusalOfOrigin(request, client);
    return refusal !== null && this.#hasToken(request) ? null : refusal;
  }

  /** The same for changes that need the admin token in any case: the page's origin does not matter. */
  refusalUnderUnknownHost(request: IncomingMessage, client: Trusted): OllaError | null {
    const refusal = isFromPage(request) ? this.#refusalOfHost(request, client) : null;
    return refusal !== null && this.#hasToken(request) ? null : refusal;
  }

  /** Whether a reader must not see backend URLs and process ids. */
  isOutsider(request: IncomingMessage, client: Trusted): boolean {
    const { host } = request.headers;
    // Every browser sends Host.
    const isInside =
      (host === undefined || this.#isHostKnown(request, client)) &&
      (!isFromPage(request) || this.#isOwnPage(request, client));
    return !isInside && !this.#hasToken(request);
  }

  #refusalOfHost(request: IncomingMessage, client: Trusted): OllaError | null {
    if (this.#isHostKnown(request, client)) return null;
    const host = printable(request.headers.host ?? 'not given');
    return new OllaError(
      'FORBIDDEN_HOST',
      `a web page may change something here only under a host name that is known: the Host is ${host}. If the name is this gateway's own, add it to server.allowed_hosts`,
    );
  }

  #refusalOfOrigin(request: IncomingMessage, client: Trusted): OllaError | null {
    const { origin, host = 'not given' } = request.headers;
    if (this.#isOwnPage(request, client)) return null;
    if (origin !== undefined && this.#rules.cors?.names(origin) === true) return null;
    return new OllaError(
      'FORBIDDEN_ORIGIN',
      `a web page of another origin may not manage servers: its Origin is ${printable(origin ?? 'not given')}, the Host is ${printable(host)}. Name the origin in server.cors.allowed_origins; if a proxy in front has changed Host, let it pass the client's on (nginx: proxy_set_header Host $host), or trust its X-Forwarded-Host (server.rate_limits.trust_proxy_headers)`,
    );
  }

  #isHostKnown({ headers }: IncomingMessage, client: Trusted): boolean {
    return this.#rules.isKnownHost(headers.host ?? '') || forwardedHost(headers, client) !== null;
  }

  #isOwnPage({ headers }: IncomingMessage, client: Trusted): boolean {
    const { origin, host = '' } = headers;
    // Browsers leave Origin out of a GET of the same origin. No page can change their Sec-Fetch-Site.
    if (origin === undefined) return headers['sec-fetch-site'] === 'same-origin';
    if (this.#rules.isKnownHost(host) && isSameOrigin(origin, host)) return true;
    const forwarded = forwardedHost(headers, client);
    return forwarded !== null && isSameOrigin(origin, forwarded);
  }

  #hasToken({ headers }: IncomingMessage): boolean {
    return this.#rules.adminToken?.isIn(headers) === true;
  }
}

/** Whether a page sent it, and not a tool or a user who typed the address (Fetch Metadata, `none`). */
function isFromPage({ headers }: IncomingMessage): boolean {
  const site = headers['sec-fetch-site'];
  return headers.origin !== undefined || (site !== undefined && site !== 'none');
}

/** The host that the client requested, as the nearest proxy reports if it is trusted: the last entry of a list. */
function forwardedHost(headers: IncomingMessage['headers'], { isPeerTrusted }: Trusted): string | null {
  const value = headers['x-forwarded-host'];
  if (!isPeerTrusted || typeof value !== 'string') return null;
  const last = value.split(',').at(-1)?.trim() ?? '';
  return last === '' ? null : last;
}

/** @param host `host[:port]`, with or without the default port of the origin's scheme */
function isSameOrigin(origin: string, host: string): boolean {
  if (!URL.canParse(origin)) return false;
  const page = new URL(origin);
  const own = `${page.protocol}//${host}`;
  return page.host !== '' && URL.canParse(own) && new URL(own).host === page.host;
}
