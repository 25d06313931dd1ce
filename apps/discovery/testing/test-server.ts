import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** An HTTP server for tests. Its handler can change while it runs, and it can close and open again. */
export class TestServer {
  /** The requests so far, as `GET /path`. */
  readonly seen: string[] = [];
  readonly headersSeen: IncomingMessage['headers'][] = [];
  handler: Handler;
  #server = createServer();
  #port = 0;

  private constructor(handler: Handler) {
    this.handler = handler;
  }

  static async start(handler: Handler): Promise<TestServer> {
    const server = new TestServer(handler);
    await server.open();
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get port(): number {
    return this.#port;
  }

  /** Listens; after `close`, on the same port as before. */
  async open(): Promise<void> {
    this.#server = createServer((request, response) => {
      this.seen.push(`${request.method ?? ''} ${request.url ?? ''}`);
      this.headersSeen.push(request.headers);
      this.handler(request, response);
    });
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.#port, '127.0.0.1', resolve);
    });
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }
}

/** Responds at each path with a JSON value, a text or a status, and with 404 elsewhere. */
export function respondWith(routes: Readonly<Record<string, unknown>>): Handler {
  return (request, response) => {
    const path = (request.url ?? '').split('?')[0] ?? '';
    if (!Object.hasOwn(routes, path)) {
      response.writeHead(404).end('not found');
      return;
    }
    const value = routes[path];
    if (typeof value === 'number') response.writeHead(value, { 'retry-after': '60' }).end();
    else if (typeof value === 'string') response.end(value);
    else response.setHeader('content-type', 'application/json').end(JSON.stringify(value));
  };
}

/** The routes of an Ollama server with these models. */
export function ollamaWith(...names: string[]): Record<string, unknown> {
  return {
    '/': 'Ollama is running',
    '/api/version': { version: '0.33.0' },
    '/api/tags': { models: names.map((name) => ({ name, details: { quantization_level: 'Q4_K_M' } })) },
    '/api/ps': { models: [] },
    '/api/show': { capabilities: ['completion', 'tools'] },
  };
}
