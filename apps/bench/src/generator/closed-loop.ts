import { ClientConnection, type ConnectionOwner } from './client-connection.ts';
import { requestOf, type Load } from './load.ts';
import type { LoadSpec } from './load-spec.ts';
import type { Recorder } from './recorder.ts';

/** After a failure a connection waits so long, so that a dead program is not hammered. */
const PAUSE_AFTER_ERROR_MS = 20;

/** So many connections, each asking again as soon as it has its answer. */
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
    this.#request = requestOf(spec);
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
      if (rampMs === 0) this.#ask(connection);
      else this.#askAfter(connection, (index * rampMs) / connections);
    }
  }

  stop(): void {
    this.#running = false;
    for (const timer of this.#timers) clearTimeout(timer);
    for (const connection of this.#connections) connection.leave();
  }

  onFirstByte(connection: ClientConnection): void {
    this.#recorder.firstByte(connection.startMs);
    if (this.#opened.size === this.#connections.length) return;
    this.#opened.add(connection);
    if (this.#opened.size === this.#connections.length) this.#reportAllOpen();
  }

  onBodyBytes(connection: ClientConnection, count: number): void {
    this.#recorder.bodyBytes(count);
    const { leaveAfterBytes } = this.#spec;
    if (leaveAfterBytes === undefined || connection.bodyBytes < leaveAfterBytes) return;
    connection.leave();
    this.#recorder.answer(connection.startMs);
    // Not from inside the reader of the connection that has just been left.
    setImmediate(() => this.#ask(connection));
  }

  onAnswer(connection: ClientConnection, problem: string | undefined): void {
    if (problem !== undefined) {
      this.#recorder.error(problem);
      this.#askAfter(connection, PAUSE_AFTER_ERROR_MS);
    } else {
      this.#recorder.answer(connection.startMs);
      if (this.#spec.connectionClose) connection.leave();
      this.#ask(connection);
    }
  }

  #ask(connection: ClientConnection): void {
    if (!this.#running || this.#sent >= this.#spec.maxRequests) return;
    this.#sent += 1;
    connection.startMs = performance.now();
    connection.send(this.#request);
  }

  #askAfter(connection: ClientConnection, delayMs: number): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#ask(connection);
    }, delayMs);
    this.#timers.add(timer);
  }
}
