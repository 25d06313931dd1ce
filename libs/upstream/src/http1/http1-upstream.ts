import { isIP } from 'node:net';
import type { Upstream, UpstreamCall, UpstreamListener, UpstreamRequest } from '../upstream.ts';
import { Connection, type ConnectionOwner } from './connection.ts';
import type { Origin, TlsOptions } from './open-socket.ts';

export interface Http1UpstreamOptions {
  /** `http://host:port` or `https://…`, no path. */
  readonly origin: string;
  /** How the certificate is checked; Node's defaults apply if left out. */
  readonly tls?: TlsOptions;
  /** 0 means no limit, as for each of the times below. */
  readonly connectTimeoutMs: number;
  readonly tlsHandshakeTimeoutMs: number;
  /** Interval of TCP keep-alive probes. */
  readonly keepAliveMs: number;
  /**
   * Age at which a connection takes no further request where the host is a name, since the name may then resolve to
   * another address.
   */
  readonly maxAgeMs: number;
  /** Time until the head of the response is complete. */
  readonly headTimeoutMs: number;
  /** Longest silence within the body. */
  readonly readTimeoutMs: number;
}

/**
 * Idle connections are closed before the backend closes them, because a request that crosses the closing is lost (RFC
 * 9112 §9.5): uvicorn and llama-server close theirs after 5 s. Where the backend says its time (`Keep-Alive: timeout=`),
 * a second before that.
 */
const IDLE_MS = 4_000;
const MAX_IDLE_MS = 60_000;
const DEFAULT_TLS: TlsOptions = {
  ca: null,
  rejectUnauthorized: true,
  servername: null,
  checkServerIdentity: null,
};
const MIN_TICK_MS = 20;
const MAX_TICK_MS = 1_000;

/**
 * The connections to one endpoint. The one used last is reused first. Their number has no limit: a stream may hold
 * its connection for an hour, and must not make others wait. One clock ticks while there are connections, in place of
 * timers for each request. A tick is a quarter of the shortest time limit, which bounds how late a limit is met.
 */
export class Http1Upstream implements Upstream, ConnectionOwner {
  readonly #origin: Origin;
  readonly #options: Http1UpstreamOptions;
  readonly #idle: Connection[] = [];
  readonly #all = new Set<Connection>();
  readonly #tickMs: number;
  /** Null where connections may grow old. */
  readonly #maxAgeTicks: number | null;
  #clock: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(options: Http1UpstreamOptions) {
    const url = new URL(options.origin);
    const isTls = url.protocol === 'https:';
    this.#origin = {
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port: url.port === '' ? (isTls ? 443 : 80) : Number(url.port),
      tls: isTls ? (options.tls ?? DEFAULT_TLS) : null,
    };
    this.#options = options;
    const limits = [options.connectTimeoutMs, options.headTimeoutMs, options.readTimeoutMs, IDLE_MS];
    const shortest = Math.min(...limits.filter((ms) => ms > 0));
    this.#tickMs = Math.min(MAX_TICK_MS, Math.max(MIN_TICK_MS, Math.floor(shortest / 4)));
    const isFixed =
      options.maxAgeMs === 0 || isIP(this.#origin.host) !== 0 || this.#origin.host === 'localhost';
    this.#maxAgeTicks = isFixed ? null : Math.ceil(options.maxAgeMs / this.#tickMs);
  }

  get connections(): number {
    return this.#all.size;
  }

  dispatch(request: UpstreamRequest, listener: UpstreamListener): UpstreamCall {
    const connection = (this.#mayReuse(request) ? this.#idle.pop() : undefined) ?? this.#open();
    return connection.send(request, listener);
  }

  close(): void {
    this.#closed = true;
    for (const connection of this.#idle.splice(0)) connection.close();
  }

  released(connection: Connection): void {
    if (this.#closed || this.#isOld(connection)) connection.close();
    else this.#idle.push(connection);
  }

  gone(connection: Connection): void {
    this.#all.delete(connection);
    const index = this.#idle.lastIndexOf(connection);
    if (index !== -1) this.#idle.splice(index, 1);
    if (this.#all.size > 0 || this.#clock === null) return;
    clearInterval(this.#clock);
    this.#clock = null;
  }

  /** A body that cannot be sent twice needs a connection that was in use just now, which no server is about to close. */
  #mayReuse({ freshConnection, body }: UpstreamRequest): boolean {
    if (freshConnection) return false;
    if (body === null || Buffer.isBuffer(body) || body.isRepeatable) return true;
    return this.#idle.at(-1)?.quietTicks === 0;
  }

  #isOld({ ageTicks }: Connection): boolean {
    return this.#maxAgeTicks !== null && ageTicks >= this.#maxAgeTicks;
  }

  #open(): Connection {
    const connection = new Connection(this.#origin, this.#options.keepAliveMs, this);
    this.#all.add(connection);
    this.#clock ??= setInterval(() => this.#tick(), this.#tickMs).unref();
    return connection;
  }

  #tick(): void {
    for (const connection of this.#all) {
      connection.quietTicks += 1;
      connection.ageTicks += 1;
      const quietMs = (connection.quietTicks - 1) * this.#tickMs;
      if (!connection.busy) {
        if (quietMs >= idleLimitMs(connection) || this.#isOld(connection)) connection.close();
      } else if (!connection.connected) {
        const { connectTimeoutMs, tlsHandshakeTimeoutMs } = this.#options;
        const limit =
          connectTimeoutMs === 0
            ? 0
            : connectTimeoutMs + (this.#origin.tls === null ? 0 : tlsHandshakeTimeoutMs);
        if (limit > 0 && quietMs >= limit) connection.expire('CONNECT_TIMEOUT');
      } else if (!connection.headSeen) {
        const { headTimeoutMs } = this.#options;
        if (headTimeoutMs > 0 && quietMs >= headTimeoutMs) connection.expire('HEAD_TIMEOUT');
      } else if (connection.paused) connection.quietTicks = 0;
      else {
        const { readTimeoutMs } = this.#options;
        if (readTimeoutMs > 0 && quietMs >= readTimeoutMs) connection.expire('READ_TIMEOUT');
      }
    }
  }
}

function idleLimitMs({ serverKeepsS }: Connection): number {
  return serverKeepsS === null ? IDLE_MS : Math.min(MAX_IDLE_MS, Math.max(0, serverKeepsS * 1_000 - 1_000));
}
