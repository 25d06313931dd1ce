import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Random } from '../engine/random.ts';
import { Exchange } from './exchange.ts';
import { createFaultInjector, type FaultInjector } from './fault-injector.ts';
import type { FaultSpec } from './fault-spec.ts';
import { createRequestLog, type RequestLog } from './request-log.ts';
import { createSwitchableListener } from './switchable-listener.ts';

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

/** An HTTP server that logs its requests and injects faults before and after the handler. */
export interface FaultyServer {
  readonly port: number;
  readonly faults: FaultInjector;
  readonly log: RequestLog;
  readonly openConnections: number;
  /** Resolves when the port is open or closed as the faults say. */
  faultsApplied(): Promise<void>;
  dropConnections(): void;
  close(): Promise<void>;
}

interface Connection {
  readonly id: number;
  requests: number;
}

/** Rejects with the listener's error when the port is taken. */
export async function startFaultyServer(options: FaultyServerOptions): Promise<FaultyServer> {
  const log = createRequestLog(options.keepRequests);
  const running = new Set<Exchange>();
  const server = createHttpServer(options.idleTimeoutMs);
  const connections = trackConnections(server, log);
  server.on('request', (req, res) => {
    const connection = connections.get(req.socket) ?? { id: 0, requests: 0 };
    connection.requests++;
    void serve(req, res, connection);
  });

  const serve = async (req: IncomingMessage, res: ServerResponse, connection: Connection): Promise<void> => {
    const method = req.method ?? 'GET';
    const target = req.url ?? '/';
    const fault = faults.pick(method, target);
    const record = log.open({
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
      captureBody: log.captureBodies,
      settle(outcome) {
        running.delete(exchange);
        log.settle(record, outcome);
      },
    });
    running.add(exchange);
    if (fault !== undefined && (await injectFault(exchange, fault, req.socket))) return;
    try {
      await options.handle(exchange);
    } catch (error) {
      // A bug of the simulator must not look like a fault that a test asked for.
      const stack = String(error instanceof Error ? error.stack : error);
      process.stderr.write(`simulated server ${options.name}: ${method} ${target}: ${stack}\n`);
      exchange.abort();
    }
  };

  const refusals = (): FaultSpec[] => faults.list().filter((fault) => fault.kind === 'refuse');
  const dropConnections = (): void => {
    for (const exchange of running) exchange.abort();
    for (const socket of connections.keys()) socket.resetAndDestroy();
  };
  const listener = createSwitchableListener(server, options.port, () => refusals().length === 0);
  const faults = createFaultInjector(options.random, () => {
    listener.update();
    if (refusals().some((fault) => fault.how === 'reset')) dropConnections();
  });
  await listener.open();

  return {
    get port() {
      return listener.port;
    },
    faults,
    log,
    get openConnections() {
      return connections.size;
    },
    faultsApplied: () => listener.updated(),
    dropConnections,
    async close() {
      await listener.close();
      server.closeAllConnections();
    },
  };
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

function trackConnections(server: Server, log: RequestLog): ReadonlyMap<Socket, Connection> {
  const connections = new Map<Socket, Connection>();
  let lastId = 0;
  server.on('connection', (socket) => {
    connections.set(socket, { id: ++lastId, requests: 0 });
    log.counters.connections++;
    socket.on('close', () => connections.delete(socket));
  });
  return connections;
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
