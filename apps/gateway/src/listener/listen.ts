import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { Server as NetServer, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Settings } from '@olla/config/schema';
import type { Logger } from '@olla/telemetry/logger';
import { stackOf } from '../observe/stack-of.ts';
import { createCors } from '../request/cors.ts';
import { lingerAtClose } from './lingering-close.ts';
import { responseOn, refuseConnect, refuseUnparsed } from './refuse-unparsed.ts';

export interface Listening {
  /** The port that was bound; of several hosts, that of the first. */
  readonly port: number;
  /** Client connections open now. */
  connections(): number;
  /**
   * Takes no more connections and closes the idle ones; resolves when the last request is answered, or after
   * `timeoutMs`, when the rest is aborted.
   */
  drain(timeoutMs: number): Promise<void>;
}

export interface ListenOptions {
  readonly settings: Settings['server'];
  readonly hosts: readonly string[];
  readonly port: number;
  readonly handler: RequestListener;
  readonly log: Pick<Logger, 'error'>;
}

/** Binds every host of the claim; all servers share one handler. Rejects with the error of the first that fails. */
export async function listen(options: ListenOptions): Promise<Listening> {
  const { hosts, port } = options;
  const servers = hosts.map(() => configure(options));
  const sockets = new Set<Socket>();
  for (const server of servers)
    server.on('connection', (socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    });
  await Promise.all(
    servers.map(
      (server, i) =>
        new Promise<void>((resolve, reject) => {
          server.once('error', reject);
          server.listen({ host: hosts[i], port, backlog: 1024 }, () => {
            server.off('error', reject);
            resolve();
          });
        }),
    ),
  );
  return {
    port: boundPort(servers[0]),
    connections: () => sockets.size,
    drain: (timeoutMs) => drain(servers, sockets, timeoutMs),
  };
}

/** @throws TypeError for a server that does not listen on a port */
function boundPort(server: Server | undefined): number {
  const address = server?.address();
  if (typeof address !== 'object' || address === null) throw new TypeError('the server listens on no port');
  return address.port;
}

function configure({ settings, handler: onRequest, log }: ListenOptions): Server {
  /** The newest request of each connection. */
  const requests = new WeakMap<Socket, IncomingMessage>();
  const handler: RequestListener = (request, response) => {
    requests.set(request.socket, request);
    onRequest(request, response);
  };
  const server = createServer(
    {
      maxHeaderSize: settings.request_limits.max_header_size,
      headersTimeout: settings.read_header_timeout,
      requestTimeout: settings.read_timeout,
      keepAliveTimeout: settings.idle_timeout,
      // Checked each second, so that a stalled request is answered soon after its time.
      connectionsCheckingInterval: 1_000,
      noDelay: true,
      // Node's default limit of 2,000 headers would be a second limit besides max_header_size.
      // Node's own refusal has neither body nor headers; the path of the request refuses instead.
      requireHostHeader: false,
    },
    handler,
  );
  server.maxHeadersCount = 0;
  // The path of the request decides whether to read the body, after it has checked the head.
  server.on('checkContinue', handler);
  // An unknown expectation is not relayed, and does not lead to a refusal.
  server.on('checkExpectation', handler);
  const cors = createCors(settings.cors)?.headers({ headers: {} }) ?? [];
  server.on('connection', (socket) => lingerAtClose(socket, () => requests.get(socket)?.complete === false));
  /** A fault of ours in here ends that connection only. */
  const contained = (socket: Duplex, respond: (socket: Socket) => void): void => {
    if (!(socket instanceof Socket)) return;
    try {
      respond(socket);
    } catch (fault) {
      socket.destroy();
      log.error('refusing what is no request failed', { error: stackOf(fault) });
    }
  };
  server.on('clientError', (error, duplex) =>
    contained(duplex, (socket) => refuseUnparsed(error, socket, cors)),
  );
  server.on('connect', (_request, duplex) => contained(duplex, (socket) => refuseConnect(socket, cors)));
  return server;
}

async function drain(
  servers: readonly Server[],
  sockets: ReadonlySet<Socket>,
  timeoutMs: number,
): Promise<void> {
  // Not http's own close: that destroys connections whose response has ended but is not yet sent to a slow reader.
  const closed = Promise.all(
    servers.map(
      (server) => new Promise<void>((resolve) => NetServer.prototype.close.call(server, () => resolve())),
    ),
  );
  for (const socket of sockets) closeAfterResponse(socket);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(() => {
      for (const socket of sockets) socket.destroy();
      resolve();
    }, timeoutMs);
  });
  await Promise.race([closed, late]);
  clearTimeout(timer);
}

/** A response whose head promised to keep the connection is still its last. */
function closeAfterResponse(socket: Socket): void {
  const response = responseOn(socket);
  if (response === null) {
    socket.destroySoon();
    return;
  }
  response.shouldKeepAlive = false;
  response.once('finish', () => socket.destroySoon());
}
