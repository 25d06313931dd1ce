import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import type { ServerSpec } from '../../fleet-spec.ts';
import { listeningPort } from '../../http/listening-port.ts';
import { newCounters } from '../../http/request-log.ts';
import type { ServerSnapshot, StartedServer } from '../../simulated-server.ts';
import { createPacer, type Pacer } from './pacer.ts';
import { prepareResponses, type PreparedResponses } from './prepared-responses.ts';
import { createRequestReader, type FastRequest } from './request-reader.ts';

/** Holds the connections of a whole load test that come at once. */
const BACKLOG = 4096;

/**
 * A backend for benchmarks, which does next to no work for a request. `GET …/models` lists its models and any other
 * GET answers as healthy. A POST that asks for a stream gets paced SSE chunks, any other POST a fixed JSON body.
 * It has no faults and records no requests.
 */
export class FastServer implements StartedServer {
  readonly name: string;
  readonly type = 'fast';
  readonly #models: readonly string[];
  readonly #chunks: number;
  readonly #responses: PreparedResponses;
  readonly #pacer: Pacer;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #counters = newCounters();
  #active = 0;

  /** Rejects with the listener's error when the port is taken. */
  static async start(spec: ServerSpec): Promise<FastServer> {
    const server = new FastServer(spec);
    server.#server.listen({ port: spec.port ?? 0, host: '127.0.0.1', backlog: BACKLOG });
    await once(server.#server, 'listening');
    return server;
  }

  private constructor(spec: ServerSpec) {
    const { chunks = 64, chunkIntervalMs = 20, bodyBytes = 1024 } = spec.fast ?? {};
    this.name = spec.name;
    this.#models = (spec.models ?? ['fast']).map((model) => (typeof model === 'string' ? model : model.name));
    this.#chunks = chunks;
    this.#responses = prepareResponses(this.#models, bodyBytes);
    this.#pacer = createPacer(chunkIntervalMs);
    this.#server = createServer({ noDelay: true }, (socket) => this.#onConnection(socket));
  }

  get port(): number {
    return listeningPort(this.#server);
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  snapshot(): ServerSnapshot {
    return {
      name: this.name,
      type: this.type,
      url: this.url,
      port: this.port,
      models: this.#models.map((name) => ({ name, resident: true })),
      active: this.#active,
      running: this.#active,
      waiting: 0,
      openConnections: this.#sockets.size,
      counters: { ...this.#counters },
      faults: [],
    };
  }

  requests(): readonly [] {
    return [];
  }

  resetCounters(): void {
    Object.assign(this.#counters, newCounters(this.#active));
  }

  addFault(): never {
    return this.#refuse();
  }

  clearFaults(): never {
    return this.#refuse();
  }

  captureBodies(): never {
    return this.#refuse();
  }

  addModel(): never {
    return this.#refuse();
  }

  removeModel(): never {
    return this.#refuse();
  }

  crash(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  async close(): Promise<void> {
    this.#pacer.close();
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #refuse(): never {
    throw new Error(
      `simulated server "${this.name}" has the type fast, which has no faults, fixed models and no record of requests. Use another type`,
    );
  }

  #onConnection(socket: Socket): void {
    this.#counters.connections++;
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => undefined); // a reset by the client; 'close' follows
    const read = createRequestReader((request) => this.#respond(socket, request));
    socket.on('data', read);
  }

  #respond(socket: Socket, request: FastRequest): void {
    this.#counters.received++;
    this.#counters.bodyBytes += request.bodyBytes;
    if (request.method === 'POST' && request.stream) return this.#stream(socket);
    this.#counters.answered++;
    const { completion, models, health } = this.#responses;
    if (request.method === 'POST') socket.write(completion);
    else socket.write(request.target.includes('models') ? models : health);
  }

  #stream(socket: Socket): void {
    this.#counters.maxActive = Math.max(this.#counters.maxActive, ++this.#active);
    socket.write(this.#responses.streamHead);
    let left = this.#chunks;
    const settle = (outcome: 'answered' | 'clientLeft'): void => {
      this.#active--;
      this.#counters[outcome]++;
      socket.off('close', onClose);
    };
    const onClose = (): void => {
      stop();
      settle('clientLeft');
    };
    const stop = this.#pacer.add(() => {
      if (left-- > 0) {
        socket.write(this.#responses.streamChunk);
        return true;
      }
      socket.write(this.#responses.streamEnd);
      settle('answered');
      return false;
    });
    socket.once('close', onClose);
  }
}
