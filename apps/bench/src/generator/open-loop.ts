import { ClientConnection, type ConnectionOwner } from './client-connection.ts';
import { DueTimes } from './due-times.ts';
import type { LoadSpec } from './load-spec.ts';
import { encodeRequest, type Load } from './load.ts';
import { Pacer } from './pacer.ts';
import type { Recorder } from './recorder.ts';

/**
 * Sends requests at a fixed rate, however slow the responses are. The latency of a request counts from its due time,
 * so a stall of the program counts for every request that was due during it (no coordinated omission).
 */
export class OpenLoop implements Load, ConnectionOwner {
  readonly #recorder: Recorder;
  readonly #request: Buffer;
  readonly #maxRequests: number;
  readonly #free: ClientConnection[];
  readonly #connections: readonly ClientConnection[];
  readonly #due: DueTimes;
  readonly #pacer: Pacer;
  readonly allOpen = Promise.resolve();
  #sent = 0;
  #running = false;

  constructor(spec: LoadSpec, ratePerS: number, recorder: Recorder) {
    this.#recorder = recorder;
    this.#request = encodeRequest(spec);
    this.#maxRequests = spec.maxRequests;
    this.#connections = Array.from(
      { length: spec.connections },
      () => new ClientConnection(spec.port, spec.expected, this),
    );
    this.#free = [...this.#connections];
    this.#due = new DueTimes(ratePerS);
    this.#pacer = new Pacer(1000 / ratePerS, (startMs) => {
      if (!this.#due.started) this.#due.start(startMs);
      this.#sendDue(true);
    });
  }

  start(): void {
    this.#running = true;
    this.#pacer.start();
  }

  stop(): void {
    this.#running = false;
    this.#pacer.stop();
    for (const connection of this.#connections) connection.abort();
  }

  onFirstByte(connection: ClientConnection): void {
    this.#recorder.recordFirstByte(connection.startMs);
  }

  onBodyBytes(_connection: ClientConnection, count: number): void {
    this.#recorder.addBodyBytes(count);
  }

  onResponse(connection: ClientConnection, problem: string | undefined): void {
    if (problem === undefined) this.#recorder.recordResponse(connection.startMs);
    else this.#recorder.recordError(problem);
    this.#free.push(connection);
    // A request that became due while every connection was busy waited for the program, not for the generator.
    if (this.#free.length === 1) this.#sendDue(false);
  }

  #sendDue(countsLateness: boolean): void {
    if (!this.#running) return;
    const nowMs = performance.now();
    while (this.#free.length > 0 && this.#sent < this.#maxRequests) {
      const dueMs = this.#due.take(nowMs);
      if (dueMs === undefined) return;
      this.#sent += 1;
      if (countsLateness) this.#recorder.recordLateness(nowMs - dueMs);
      const connection = this.#free.pop()!;
      connection.startMs = dueMs;
      connection.send(this.#request);
    }
  }
}
