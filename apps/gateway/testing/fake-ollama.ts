import {
  chunk,
  jsonResponse,
  whenComplete,
  type ReceivedRequest,
  type Respond,
} from '@olla/testing/raw-backend';

interface Call {
  readonly model?: string;
  readonly name?: string;
  readonly source?: string;
  readonly destination?: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly adapters?: Readonly<Record<string, string>>;
  readonly keep_alive?: number | string;
}

/** An Ollama server as far as names and files go: it has what calls have made, and nothing else. */
export class FakeOllama {
  /** With their tags. */
  readonly names: Set<string>;
  /** Those that are in memory. */
  readonly loaded = new Set<string>();
  /** Digests of its files. */
  readonly blobs = new Set<string>();
  /** For a backend of the gateway. */
  readonly respond: Respond;

  constructor(...names: readonly string[]) {
    this.names = new Set(names);
    this.respond = (request) => whenComplete(request, () => void request.socket.write(this.#answer(request)));
  }

  #answer(request: ReceivedRequest): string {
    const { method, target } = request;
    if (target.startsWith('/api/blobs/')) return this.#blob(method, target.slice('/api/blobs/'.length));
    if (target === '/api/ps') return jsonResponse({ models: [...this.loaded].map((name) => ({ name })) });
    const call = JSON.parse(request.body().toString()) as Call;
    const name = tagged(call.model || call.name || call.source || '');
    switch (target) {
      case '/api/pull':
        this.names.add(name);
        return progress('{"status":"pulling manifest"}\n', '{"status":"success"}\n');
      case '/api/create': {
        const files = Object.values({ ...call.files, ...call.adapters });
        if (!files.every((digest) => this.blobs.has(digest)))
          return jsonResponse({ error: 'blob not here' }, '400 Bad Request');
        this.names.add(name);
        return jsonResponse({ status: 'success' });
      }
      case '/api/copy':
        if (!this.names.has(name)) return jsonResponse({ error: 'not found' }, '404 Not Found');
        this.names.add(tagged(call.destination ?? ''));
        return EMPTY;
      case '/api/delete':
        return this.names.delete(name) ? EMPTY : jsonResponse({ error: 'not found' }, '404 Not Found');
      default:
        if (!this.names.has(name)) return jsonResponse({ error: 'not found' }, '404 Not Found');
        if (call.keep_alive === undefined) this.loaded.add(name);
        else this.loaded.delete(name);
        return jsonResponse({ model: name, done: true });
    }
  }

  #blob(method: string, digest: string): string {
    if (method === 'HEAD') return `HTTP/1.1 ${this.blobs.has(digest) ? '200 OK' : '404 Not Found'}\r\n\r\n`;
    this.blobs.add(digest);
    return 'HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n';
  }
}

const EMPTY = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';

/** A stream of these pieces. */
export function progress(...pieces: readonly string[]): string {
  const head = 'HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n';
  return `${head}${pieces.map(chunk).join('')}0\r\n\r\n`;
}

function tagged(name: string): string {
  const own = name.replace(/^library\//, '');
  return own.includes(':') ? own : `${own}:latest`;
}
