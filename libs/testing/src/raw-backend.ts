import { createServer, type AddressInfo, type Socket } from 'node:net';
import { bodyOf, MessageReader, type HttpMessage } from './http-message.ts';

/** A request as a backend received it, byte by byte. */
export interface ReceivedRequest extends HttpMessage {
  readonly method: string;
  readonly target: string;
  readonly socket: Socket;
  /** Whether the other side has closed the connection of this request. */
  readonly gone: boolean;
  body(): Buffer;
}

/** Called when the head of a request has arrived. It writes any bytes to `request.socket`. */
export type Respond = (request: ReceivedRequest) => void;

export interface RawBackend {
  readonly port: number;
  readonly url: string;
  /** All requests except the probes, to which the backend responds by itself. */
  readonly requests: ReceivedRequest[];
  /** How it responds to the next requests. */
  respond: Respond;
  close(): Promise<void>;
}

export interface RawBackendOptions {
  /** Default: any free one. */
  readonly port?: number;
  /** Models listed at `GET /v1/models`, which is also the health check of an OpenAI-compatible server. */
  readonly models: readonly string[];
  readonly respond?: Respond;
}

/** Bytes of a response with a JSON body and its length. */
export function jsonResponse(body: unknown, status = '200 OK', headers: readonly string[] = []): string {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const lines = [`HTTP/1.1 ${status}`, 'Content-Type: application/json', ...headers];
  return [...lines, `Content-Length: ${Buffer.byteLength(text)}`, '', text].join('\r\n');
}

/** Bytes of one chunk of a chunked body. */
export function chunk(text: string): string {
  return `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
}

/** Runs the action once the request's body is complete. */
export function whenComplete(request: ReceivedRequest, action: () => void): void {
  if (request.complete) {
    action();
    return;
  }
  const look = (): void => {
    if (!request.complete) return;
    request.socket.off('data', look);
    queueMicrotask(action);
  };
  request.socket.on('data', look);
}

/** An OpenAI-compatible server of raw sockets, which records exact requests and responds with exact bytes. */
export async function startRawBackend(options: RawBackendOptions): Promise<RawBackend> {
  const sockets = new Set<Socket>();
  const requests: ReceivedRequest[] = [];
  const list = jsonResponse({ object: 'list', data: options.models.map((id) => ({ id, object: 'model' })) });
  const backend = { respond: options.respond ?? respondOk };
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.unref();
    socket.on('close', () => sockets.delete(socket));
    readRequests(socket, (request) => {
      if (request.method === 'GET' && request.target === '/v1/models') {
        socket.write(list);
        return;
      }
      requests.push(request);
      backend.respond(request);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  // A backend that a failed test left open must not keep the test file running.
  server.unref();
  const { port } = server.address() as AddressInfo;
  return Object.assign(backend, {
    port,
    url: `http://127.0.0.1:${port}`,
    requests,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}

function respondOk(request: ReceivedRequest): void {
  whenComplete(request, () => request.socket.write(jsonResponse({ ok: true })));
}

/** Calls for each request of a connection, once its head has arrived. */
function readRequests(socket: Socket, onRequest: (request: ReceivedRequest) => void): void {
  let gone = false;
  // Some tests reset the connection on purpose; `gone` shows it.
  for (const event of ['close', 'error']) socket.on(event, () => (gone = true));
  let reader = new MessageReader('request');
  let isReported = false;
  socket.on('data', (bytes: Buffer) => {
    for (let rest = reader.feed(bytes); ; rest = reader.feed(rest)) {
      const { message } = reader;
      if (message !== undefined && !isReported) {
        isReported = true;
        onRequest(receivedRequest(message, socket, () => gone));
      }
      if (message?.complete !== true) return;
      reader = new MessageReader('request');
      isReported = false;
      if (rest.length === 0) return;
    }
  });
}

/** Makes the record of a request: the message, which still grows, and its connection. */
function receivedRequest(message: HttpMessage, socket: Socket, isGone: () => boolean): ReceivedRequest {
  const [method = '', target = ''] = message.startLine.split(' ');
  return Object.defineProperties(message, {
    method: { value: method },
    target: { value: target },
    socket: { value: socket },
    gone: { get: isGone },
    body: { value: () => bodyOf(message) },
  }) as ReceivedRequest;
}
