import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Random } from '../engine/random.ts';
import { Exchange } from './exchange.ts';
import { createFaultInjector, type FaultInjector } from './fault-injector.ts';
import type { FaultSpec } from './fault-spec.ts';
import { createRequestLog, type RequestLog } from './request-log.ts';
import { createSwitchableListener, type SwitchableListener } from './switchable-listener.ts';

export interface FaultyServerOptions {
  readonly name: string;
  readonly port: number;
  /** Real milliseconds after which an idle connection is closed; 0 for never. */
  readonly idleTimeoutMs: number;
  readonly random: Random;
  /** Requests that the log keeps. */
  readonly keepRequests: number;
  /** The behaviour of the server type, for requests that no fault has answered. */
  readonly handle: (exchange: Exchange) => void | Promise<void>;
}

interface Connection {
  readonly id: number;
  requests: number;
}

/** An HTTP server that logs its requests and injects faults before and after the handler. */
export class FaultyServer {
  readonly log: RequestLog;
  readonly faults: FaultInjector;
  readonly #options: FaultyServerOptions;
  readonly #server: Server;
  readonly #listener: SwitchableListener;
  readonly #connections = new Map<Socket, Connection>();
  readonly #running = new Set<Exchange>();
  #lastConnectionId = 0;

  /** Rejects with the listener's error when the port is taken. */
  static async start(options: FaultyServerOptions): Promise<FaultyServer> {
    const server = new FaultyServer(options);
    await server.#listener.open();
    return server;
  }

  private constructor(options: FaultyServerOptions) {
    this.#options = options;
    this.log = createRequestLog(options.keepRequests);
    this.faults = createFaultInjector(options.random, () => this.#onFaultsChanged());
    this.#server = createHttpServer(options.idleTimeoutMs);
    const isOpen = (): boolean => this.#refusals().length === 0;
    this.#listener = createSwitchableListener(this.#server, options.port, isOpen);
    this.#server.on('connection', (socket) => this.#onConnection(socket));
    this.#server.on('request', (req, res) => void this.#serve(req, res));
  }

  get port(): number {
    return this.#listener.port;
  }

  get openConnections(): number {
    return this.#connections.size;
  }

  /** Resolves when the port is open or closed as the faults say. */
  faultsApplied(): Promise<void> {
    return this.#listener.updated();
  }

  dropConnections(): void {
    for (const exchange of this.#running) exchange.abort();
    for (const socket of this.#connections.keys()) socket.resetAndDestroy();
  }

  async close(): Promise<void> {
    await this.#listener.close();
    this.#server.closeAllConnections();
  }

  #onConnection(socket: Socket): void {
    this.log.counters.connections++;
    this.#connections.set(socket, { id: ++this.#lastConnectionId, requests: 0 });
    socket.on('close', () => this.#connections.delete(socket));
  }

  #onFaultsChanged(): void {
    this.#listener.update();
    if (this.#refusals().some((fault) => fault.how === 'reset')) this.dropConnections();
  }

  #refusals(): FaultSpec[] {
    return this.faults.list().filter((fault) => fault.kind === 'refuse');
  }

  async #serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const exchange = this.#openExchange(req, res);
    try {
      if (exchange.fault !== undefined && (await injectFault(exchange, exchange.fault, req.socket))) return;
      await this.#options.handle(exchange);
    } catch (error) {
      // A bug of the simulator must not look like a fault that a test asked for.
      const stack = String(error instanceof Error ? error.stack : error);
      const request = `${exchange.method} ${req.url ?? '/'}`;
      process.stderr.write(`simulated server ${this.#options.name}: ${request}: ${stack}\n`);
      exchange.abort();
    }
  }

  #openExchange(req: IncomingMessage, res: ServerResponse): Exchange {
    const method = req.method ?? 'GET';
    const target = req.url ?? '/';
    const connection = this.#connections.get(req.socket) ?? { id: 0, requests: 0 };
    connection.requests++;
    const fault = this.faults.pick(method, target);
    const record = this.log.open({
      at: Date.now(),
      method,
      target,
      rawHeaders: req.rawHeaders,
      connection: connection.id,
      onConnection: connection.requests,
      ...(fault === undefined ? {} : { fault: fault.kind }),
    });
    const exchange = new Exchange(req, res, {
      onConnection: connection.requests,
      record,
      fault,
      captureBody: this.log.captureBodies,
      settle: (outcome) => {
        this.#running.delete(exchange);
        this.log.settle(record, outcome);
      },
    });
    this.#running.add(exchange);
    return exchange;
  }
}

/** A server without Node's own limits, so that only the simulated type and the faults refuse a request. */
function createHttpServer(idleTimeoutMs: number): Server {
  const server = createServer({
    keepAliveTimeout: idleTimeoutMs,
    keepAliveTimeoutBuffer: 0,
    requestTimeout: 0,
    headersTimeout: 0,
    requireHostHeader: false,
    maxHeaderSize: 256 * 1024,
    noDelay: true,
  });
  server.maxHeadersCount = 0;
  return server;
}

/** Applies a fault before the handler runs. True when the handler must not run. */
async function injectFault(exchange: Exchange, fault: FaultSpec, socket: Socket): Promise<boolean> {
  switch (fault.kind) {
    case 'reset':
      exchange.abort('reset');
      return true;
    case 'hang-before-head':
      void exchange.body();
      return true;
    case 'garbage':
      socket.write(Buffer.concat([Buffer.from([0x16, 0x03, 0x01]), randomBytes(64)]));
      exchange.abort('close');
      return true;
    case 'status':
      await exchange.body();
      respondWithStatus(exchange, fault);
      return true;
    case 'slow':
      if (fault.delayMs !== undefined) await delay(fault.delayMs);
      return exchange.over;
    default:
      return exchange.over;
  }
}

function respondWithStatus(exchange: Exchange, fault: FaultSpec): void {
  const status = fault.status ?? 500;
  const body =
    fault.body ??
    JSON.stringify({ error: { message: `simulated ${status}`, type: 'simulated_error', code: status } });
  const retryAfter = fault.retryAfterS === undefined ? [] : ['Retry-After', String(fault.retryAfterS)];
  exchange.respond({
    status,
    reason: 'Simulated',
    headers: [
      ...['Content-Type', 'application/json', ...retryAfter],
      ...['Content-Length', String(Buffer.byteLength(body))],
    ],
    body,
  });
}
