import { createServer, type AddressInfo, type Socket } from 'node:net';
import { bodyOf, createMessageReader, type HttpMessage } from './http-message.ts';

/** A request as a backend received it, byte by byte. */
export interface ReceivedRequest extends HttpMessage {
  readonly method: string;
  readonly target: string;
  readonly socket: Socket;
  /** True once the other side has left this request's connection. */
  readonly gone: boolean;
  body(): Buffer;
}

/** Called when a request's head is in; writes whatever bytes it likes to `request.socket`. */
export type Respond = (request: ReceivedRequest) => void;

export interface RawBackend {
  readonly port: number;
  readonly url: string;
  /** What came in, but for the probes that the backend responds to by itself. */
  readonly requests: ReceivedRequest[];
  /** How it responds to the next requests. */
  respond: Respond;
  close(): Promise<void>;
}

export interface RawBackendOptions {
  /** Default: any free one. */
  readonly port?: number;
  /** Listed at `GET /v1/models`, which is also the health check of an OpenAI-compatible server. */
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

/** Runs the action once the request's body is in whole. */
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
  const backend = {
    respond:
      options.respond ??
      ((request: ReceivedRequest) =>
        whenComplete(request, () => request.socket.write(jsonResponse({ ok: true })))),
  };
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.unref();
    const current: { request?: ReceivedRequest } = {};
    let gone = false;
    socket.on('close', () => {
      gone = true;
      sockets.delete(socket);
    });
    // A client that resets is what some tests are about; it shows in `gone`.
    socket.on('error', () => (gone = true));
    let reader = createMessageReader('request');
    socket.on('data', (bytes: Buffer) => {
      for (let rest = reader.feed(bytes); ; rest = reader.feed(rest)) {
        const { message } = reader;
        if (message !== undefined && current.request === undefined) {
          const [method = '', target = ''] = message.startLine.split(' ');
          const request = Object.defineProperties(message, {
            method: { value: method },
            target: { value: target },
            socket: { value: socket },
            gone: { get: () => gone },
            body: { value: () => bodyOf(message) },
          }) as ReceivedRequest;
          current.request = request;
          if (method === 'GET' && target === '/v1/models') socket.write(list);
          else {
            requests.push(request);
            backend.respond(request);
          }
        }
        if (message?.complete !== true) return;
        delete current.request;
        reader = createMessageReader('request');
        if (rest.length === 0) return;
      }
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  // One that a failed test left open does not keep its file from ending.
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
