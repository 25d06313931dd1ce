import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Server as NetServer, type Socket } from 'node:net';
import type { Settings } from '@olla/config/schema';
import { errorBody, ERRORS, type ErrorCode } from '@olla/core/errors';
import { newRequestId } from '@olla/core/http/request-id';

export interface Listening {
  /** Client connections open now. */
  connections(): number;
  /**
   * Takes no more connections and closes the idle ones; resolves when the last request is answered, or after
   * `timeoutMs`, when what still runs is cut off.
   */
  drain(timeoutMs: number): Promise<void>;
}

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** Binds every host of the claim; all servers share one handler. Rejects with the error of the first that fails. */
export async function listen(
  settings: Settings['server'],
  hosts: readonly string[],
  port: number,
  handler: Handler,
): Promise<Listening> {
  const servers = hosts.map(() => configure(settings, handler));
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
    connections: () => sockets.size,
    drain: (timeoutMs) => drain(servers, sockets, timeoutMs),
  };
}

function configure(settings: Settings['server'], handler: Handler): Server {
  const server = createServer(
    {
      maxHeaderSize: settings.request_limits.max_header_size,
      headersTimeout: settings.read_header_timeout,
      requestTimeout: settings.read_timeout,
      keepAliveTimeout: settings.idle_timeout,
      // Checked each second, so that a stalled request is answered soon after its time.
      connectionsCheckingInterval: 1_000,
      noDelay: true,
      // The 2,000 headers that node allows at most are a second limit beside max_header_size.
      requireHostHeader: true,
    },
    handler,
  );
  server.maxHeadersCount = 0;
  // Whether a body is wanted is decided on the path of the request, after its head was judged.
  server.on('checkContinue', handler);
  server.on('clientError', answerParserError);
  return server;
}

const PARSER_ERRORS: Readonly<Record<string, { code: ErrorCode; message: string }>> = {
  HPE_HEADER_OVERFLOW: {
    code: 'HEADERS_TOO_LARGE',
    message: 'the head of the request is larger than server.request_limits.max_header_size allows',
  },
  ERR_HTTP_REQUEST_TIMEOUT: {
    code: 'REQUEST_TIMEOUT',
    message:
      'the request did not arrive whole within server.read_header_timeout (its head) or server.read_timeout (all of it)',
  },
};

/** What the HTTP parser refuses never becomes a request; it gets the same form of answer all the same. */
function answerParserError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET' || error.code === 'EPIPE') {
    socket.destroy();
    return;
  }
  const { code, message } = PARSER_ERRORS[error.code ?? ''] ?? {
    code: 'BAD_REQUEST' as const,
    message: 'the request is not valid HTTP/1.1',
  };
  const body = errorBody(code, message);
  const { status } = ERRORS[code];
  const head = [
    `HTTP/1.1 ${status} ${STATUS_TEXTS[status] ?? 'Bad Request'}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Olla-Request-ID: ${newRequestId()}`,
    'X-Olla-Response-Time: 0ms',
    'Access-Control-Allow-Origin: *',
    'Connection: close',
  ];
  // An answer of this connection that is half out cannot be followed by another.
  if (answerOn(socket)?.headersSent === true) socket.destroy();
  else socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}

const STATUS_TEXTS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  431: 'Request Header Fields Too Large',
};

/** The answer under way on a connection, up to the moment that its last byte is with the system. */
function answerOn(socket: Socket & { _httpMessage?: ServerResponse | null }): ServerResponse | null {
  return socket._httpMessage ?? null;
}

async function drain(
  servers: readonly Server[],
  sockets: ReadonlySet<Socket>,
  timeoutMs: number,
): Promise<void> {
  // Not http's own close: that destroys connections whose answer has ended but is not yet sent to a slow reader.
  const closed = Promise.all(
    servers.map(
      (server) => new Promise<void>((resolve) => NetServer.prototype.close.call(server, () => resolve())),
    ),
  );
  for (const socket of sockets) closeWhenAnswered(socket);
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

/** An answer whose head promised to keep the connection is still its last. */
function closeWhenAnswered(socket: Socket): void {
  const answer = answerOn(socket);
  if (answer === null) {
    socket.destroySoon();
    return;
  }
  answer.shouldKeepAlive = false;
  answer.once('finish', () => socket.destroySoon());
}
