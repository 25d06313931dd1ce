import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

export interface AdminRequest {
  readonly method: string;
  /** As sent, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly clientAddress: string;
  /** A page of another origin, or a client under an unknown host: it sees no backend URLs and no process ids. */
  readonly isOutsider: boolean;
}

/** The complete response without its framing headers. */
export interface AdminResponse {
  readonly status: number;
  readonly headers: [string, string][];
  readonly body: string | Buffer;
}

const compress = promisify(gzip);
/** Below this size gzip costs more than it saves. */
const GZIP_FROM_BYTES = 1_024;

/**
 * Fields that change although the cluster has not: ages, times of checks, round trips, and times at which a process
 * noticed a state. ETags leave them out, so that an unchanged cluster has the same one at every worker.
 */
const VOLATILE = new Set([
  'timestamp',
  'uptime',
  'uptime_ms',
  'age_ms',
  'oldest_figures_ms',
  'last_check',
  'next_check',
  'health_check',
  'health_check_at',
  'next_check_at',
  'check_latency_ms',
  'response_time',
  'last_updated',
  'last_model_sync',
  'last_model_sync_at',
  'last_seen',
  'last_seen_at',
  'last_requested',
  'latency_ms',
  'n',
  'published_at',
  'since',
]);

/** JSON of the body without its volatile fields, hashed. */
export function weakETag(body: unknown): string {
  const stable = JSON.stringify(body, (key, value: unknown) => (VOLATILE.has(key) ? undefined : value));
  return `W/"${createHash('sha256').update(stable).digest('base64url').slice(0, 22)}"`;
}

/** A body, of which text, tag and compressed form are made once, when they are first needed. */
export class Content {
  readonly #body: unknown;
  #text: string | null = null;
  #etag: string | null = null;
  #gzipped: Promise<Buffer> | null = null;

  constructor(body: unknown) {
    this.#body = body;
  }

  /** Makes text and tag at once, where their cost is measured. */
  prepare(): void {
    this.#text = JSON.stringify(this.#body);
    this.#etag = weakETag(this.#body);
  }

  get text(): string {
    return (this.#text ??= JSON.stringify(this.#body));
  }

  get etag(): string {
    return (this.#etag ??= weakETag(this.#body));
  }

  gzipped(): Promise<Buffer> {
    return (this.#gzipped ??= compress(this.text));
  }
}

export interface Reply {
  readonly status: number;
  readonly content: Content;
  /** Whether unchanged content may be answered with 304. */
  readonly cacheable: boolean;
}

/** Turns a body into a response: ETag and 304, gzip. */
export async function respond(request: AdminRequest, reply: Reply): Promise<AdminResponse> {
  const headers: [string, string][] = [
    ['Content-Type', 'application/json'],
    ['Cache-Control', reply.cacheable ? 'private, no-cache' : 'no-store'],
    ['Vary', 'Accept-Encoding'],
  ];
  if (reply.cacheable && reply.status === 200) {
    const { etag } = reply.content;
    headers.push(['ETag', etag]);
    if (matches(request.headers['if-none-match'], etag)) return { status: 304, headers, body: '' };
  }
  let body: string | Buffer = reply.content.text;
  if (body.length >= GZIP_FROM_BYTES && acceptsGzip(request.headers['accept-encoding'])) {
    body = await reply.content.gzipped();
    headers.push(['Content-Encoding', 'gzip']);
  }
  return { status: reply.status, headers, body };
}

/** RFC 9110 §13.1.2: a list of tags or `*`, compared weakly. */
function matches(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  if (ifNoneMatch.trim() === '*') return true;
  const opaque = etag.slice(2);
  return ifNoneMatch.split(',').some((tag) => tag.trim().replace(/^W\//, '') === opaque);
}

/** RFC 9110 §12.5.3, as far as gzip is concerned. */
function acceptsGzip(acceptEncoding: string | undefined): boolean {
  const weights = new Map<string, number>();
  for (const part of (acceptEncoding ?? '').split(',')) {
    const [coding = '', ...parameters] = part.split(';').map((text) => text.trim().toLowerCase());
    const q = parameters.find((parameter) => parameter.startsWith('q='));
    weights.set(coding, q === undefined ? 1 : Number(q.slice(2)));
  }
  return (weights.get('gzip') ?? weights.get('*') ?? 0) > 0;
}
