import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { createExchange, type Exchange } from './exchange.ts';
import { createFaultBook, type FaultBook, type FaultSpec } from './faults.ts';
import { createRequestLog, type RequestLog } from './request-log.ts';
import type { Random } from '../physics/random.ts';

export interface ConnectionHabits {
  /** Real milliseconds; 0 for never. */
  readonly idleTimeoutMs: number;
}

export interface SimulatedServerOptions {
  readonly name: string;
  readonly port: number;
  readonly habits: ConnectionHabits;
  readonly random: Random;
  /** Requests kept for questions about them. */
  readonly keepRequests: number;
  readonly handle: (exchange: Exchange) => void | Promise<void>;
}

/** A listening socket with faults and a memory of what it received, around the behaviour of one server type. */
export interface SimulatedServer {
  readonly port: number;
  readonly faults: FaultBook;
  readonly log: RequestLog;
  readonly openConnections: number;
  /** Settles when the listener is open or closed as the faults now say. */
  settled(): Promise<void>;
  dropConnections(): void;
  close(): Promise<void>;
}

export async function startSimulatedServer(options: SimulatedServerOptions): Promise<SimulatedServer> {
  const log = createRequestLog(options.keepRequests);
  const sockets = new Map<Socket, { id: number; requests: number }>();
  const underWay = new Set<Exchange>();
  let connectionId = 0;
  const server = createServer({
    keepAliveTimeout: options.habits.idleTimeoutMs,
    keepAliveTimeoutBuffer: 0,
    requestTimeout: 0,
    headersTimeout: 0,
    requireHostHeader: false,
    maxHeaderSize: 256 * 1024,
    noDelay: true,
  });
  server.maxHeadersCount = 0;
  server.on('connection', (socket) => {
    sockets.set(socket, { id: ++connectionId, requests: 0 });
    log.counters.connections++;
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('request', (req, res) => {
    const connection = sockets.get(req.socket) ?? { id: 0, requests: 0 };
    connection.requests++;
    void serve(req, res, connection);
  });

  const serve = async (
    req: IncomingMessage,
    res: ServerResponse,
    connection: { id: number; requests: number },
  ): Promise<void> => {
    const target = req.url ?? '/';
    const fault = faults.strike(req.method ?? 'GET', target);
    const record = log.open({
      at: Date.now(),
      method: req.method ?? 'GET',
      target,
      rawHeaders: req.rawHeaders,
      connection: connection.id,
      onConnection: connection.requests,
      ...(fault === undefined ? {} : { fault: fault.kind }),
    });
    const exchange = createExchange(req, res, {
      onConnection: connection.requests,
      record,
      fault,
      captureBody: log.captureBodies,
      settle(outcome) {
        underWay.delete(exchange);
        log.settle(record, outcome);
      },
    });
    underWay.add(exchange);
    if (fault !== undefined && (await strike(exchange, fault, req.socket))) return;
    try {
      await options.handle(exchange);
    } catch (error) {
      // A bug of the simulator must not pass for a fault that was asked for.
      process.stderr.write(
        `simulated server ${options.name}: ${req.method ?? ''} ${target}: ${String(error instanceof Error ? error.stack : error)}\n`,
      );
      exchange.breakOff();
    }
  };

  const refusals = (): FaultSpec[] => faults.list().filter((fault) => fault.kind === 'refuse');
  const dropConnections = (): void => {
    for (const exchange of underWay) exchange.breakOff();
    for (const socket of sockets.keys()) socket.resetAndDestroy();
  };
  const listener = createListener(server, options.port, () => refusals().length === 0);
  const faults = createFaultBook(options.random, () => {
    listener.follow();
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
      return sockets.size;
    },
    settled: () => listener.settled(),
    dropConnections,
    async close() {
      await listener.shut();
      server.closeAllConnections();
    },
  };
}

/** Does what the fault does before the server's own behaviour. True when that is all that happens. */
async function strike(exchange: Exchange, fault: FaultSpec, socket: Socket): Promise<boolean> {
  if (fault.kind === 'reset') exchange.breakOff('reset');
  else if (fault.kind === 'hang-before-head') void exchange.body();
  else if (fault.kind === 'garbage') {
    socket.write(Buffer.concat([Buffer.from([0x16, 0x03, 0x01]), randomBytes(64)]));
    exchange.breakOff('close');
  } else if (fault.kind === 'status') {
    await exchange.body();
    respondStatus(exchange, fault);
  } else {
    if (fault.kind === 'slow' && fault.delayMs !== undefined) await delay(fault.delayMs);
    return exchange.over;
  }
  return true;
}

function respondStatus(exchange: Exchange, fault: FaultSpec): void {
  const status = fault.status ?? 500;
  const body =
    fault.body ??
    JSON.stringify({ error: { message: `simulated ${status}`, type: 'simulated_error', code: status } });
  const retryAfter = fault.retryAfterS === undefined ? [] : ['Retry-After', String(fault.retryAfterS)];
  exchange.respond(
    status,
    'Simulated',
    ['Content-Type', 'application/json', ...retryAfter, 'Content-Length', String(Buffer.byteLength(body))],
    body,
  );
}

interface Listener {
  readonly port: number;
  open(): Promise<void>;
  shut(): Promise<void>;
  /** Opens or closes as `wanted` says now. */
  follow(): void;
  settled(): Promise<void>;
}

/** Opens and closes the listening socket, always on the port it got first, one change after another. */
function createListener(server: Server, askedPort: number, wanted: () => boolean): Listener {
  let port = askedPort;
  let listening = false;
  let closed = false;
  let last: Promise<void> = Promise.resolve();
  const open = async (): Promise<void> => {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', () => {
        server.off('error', reject);
        resolve();
      });
    });
    const address = server.address();
    if (address !== null && typeof address === 'object') port = address.port;
    listening = true;
  };
  const shut = (): void => {
    // Not awaited: 'close' comes only when the last connection has ended; the port is free at once.
    server.close();
    server.closeIdleConnections();
    listening = false;
  };
  const follow = async (): Promise<void> => {
    const want = wanted() && !closed;
    if (want === listening) return;
    if (want) await open();
    else shut();
  };
  return {
    get port() {
      return port;
    },
    open,
    async shut() {
      closed = true;
      await last.then(follow, follow);
    },
    follow() {
      last = last.then(follow);
      // Whoever waits for `settled` is told; alone, it must not end the process.
      last.catch(() => undefined);
    },
    settled: () => last,
  };
}
