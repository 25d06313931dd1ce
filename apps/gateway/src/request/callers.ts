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
  /** Null where this gateway has none. */
  readonly adminToken: AdminToken | null;
}

type Trusted = Pick<ClientAddress, 'isPeerTrusted'>;

/** Tells pages of other origins, which browsers let anybody open here, from pages of the gateway's own and from tools. */
export class Callers {
  readonly #rules: CallerRules;

  constructor(rules: CallerRules) {
    this.#rules = rules;
  }

  /**
   * Why a request may change nothing here, or null. Tools, which send no Origin, may; so may whoever has the admin token.
   */
  refusalOfChange(request: IncomingMessage, client: Trusted): OllaError | null {
    if (!isFromPage(request)) return null;
    const refusal = this.#refusalOfHost(request, client) ?? this.#refusalOfOrigin(request, client);
    return refusal !== null && this.#hasToken(request) ? null : refusal;
  }

  /** The same for changes that need the admin token in any case: whose page it is does not matter. */
  refusalUnderUnknownHost(request: IncomingMessage, client: Trusted): OllaError | null {
    const refusal = isFromPage(request) ? this.#refusalOfHost(request, client) : null;
    return refusal !== null && this.#hasToken(request) ? null : refusal;
  }

  /** Whether a reader is no concern of backend URLs and process ids. */
  isOutsider(request: IncomingMessage, client: Trusted): boolean {
    const { host } = request.headers;
    // No browser leaves out Host.
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
    // Browsers leave Origin out of a GET of the same origin. What they say of the site no page can change.
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

/** What the nearest proxy, if it is trusted, says that the client asked for: the last of a list. */
function forwardedHost(headers: IncomingMessage['headers'], { isPeerTrusted }: Trusted): string | null {
  const value = headers['x-forwarded-host'];
  if (!isPeerTrusted || typeof value !== 'string') return null;
  const last = value.split(',').at(-1)?.trim() ?? '';
  return last === '' ? null : last;
}

/** @param host `host[:port]`; the port of the origin's scheme may be left out or not */
function isSameOrigin(origin: string, host: string): boolean {
  if (!URL.canParse(origin)) return false;
  const page = new URL(origin);
  const own = `${page.protocol}//${host}`;
  return page.host !== '' && URL.canParse(own) && new URL(own).host === page.host;
}
