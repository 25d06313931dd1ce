import { ClientConnection, type ConnectionOwner } from './client-connection.ts';
import type { LoadSpec } from './load-spec.ts';
import { encodeRequest, type Load } from './load.ts';
import type { Recorder } from './recorder.ts';

/** A connection waits after a failure, so that a dead program is not flooded with requests. */
const PAUSE_AFTER_ERROR_MS = 20;

/** A fixed number of connections. Each sends its next request as soon as it has a response. */
export class ClosedLoop implements Load, ConnectionOwner {
  readonly #spec: LoadSpec;
  readonly #recorder: Recorder;
  readonly #request: Buffer;
  readonly #connections: ClientConnection[];
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #opened = new Set<ClientConnection>();
  readonly #reportAllOpen: () => void;
  readonly allOpen: Promise<void>;
  #sent = 0;
  #running = false;

  constructor(spec: LoadSpec, recorder: Recorder) {
    this.#spec = spec;
    this.#recorder = recorder;
    this.#request = encodeRequest(spec);
    this.#connections = Array.from(
      { length: spec.connections },
      () => new ClientConnection(spec.port, spec.expected, this),
    );
    const { promise, resolve } = Promise.withResolvers<void>();
    this.allOpen = promise;
    this.#reportAllOpen = resolve;
  }

  start(): void {
    this.#running = true;
    const { rampMs, connections } = this.#spec;
    for (const [index, connection] of this.#connections.entries()) {
      if (rampMs === 0) this.#send(connection);
      else this.#sendAfter(connection, (index * rampMs) / connections);
    }
  }

  stop(): void {
    this.#running = false;
    for (const timer of this.#timers) clearTimeout(timer);
    for (const connection of this.#connections) connection.abort();
  }

  onFirstByte(connection: ClientConnection): void {
    this.#recorder.recordFirstByte(connection.startMs);
    if (this.#opened.size === this.#connections.length) return;
    this.#opened.add(connection);
    if (this.#opened.size === this.#connections.length) this.#reportAllOpen();
  }

  onBodyBytes(connection: ClientConnection, count: number): void {
    this.#recorder.addBodyBytes(count);
    const { abortAfterBytes } = this.#spec;
    if (abortAfterBytes === undefined || connection.bodyBytes < abortAfterBytes) return;
    connection.abort();
    this.#recorder.recordResponse(connection.startMs);
    // Deferred, because the reader of the aborted connection is still running.
    setImmediate(() => this.#send(connection));
  }

  onResponse(connection: ClientConnection, problem: string | undefined): void {
    if (problem !== undefined) {
      this.#recorder.recordError(problem);
      this.#sendAfter(connection, PAUSE_AFTER_ERROR_MS);
    } else {
      this.#recorder.recordResponse(connection.startMs);
      if (this.#spec.connectionClose) connection.abort();
      this.#send(connection);
    }
  }

  #send(connection: ClientConnection): void {
    if (!this.#running || this.#sent >= this.#spec.maxRequests) return;
    this.#sent += 1;
    connection.startMs = performance.now();
    connection.send(this.#request);
  }

  #sendAfter(connection: ClientConnection, delayMs: number): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#send(connection);
    }, delayMs);
    this.#timers.add(timer);
  }
}
