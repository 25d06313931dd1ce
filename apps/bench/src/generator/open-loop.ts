import { ClientConnection, type ConnectionOwner } from './client-connection.ts';
import { requestOf, type Load } from './load.ts';
import type { LoadSpec } from './load-spec.ts';
import { DueTimes } from './due-times.ts';
import { Pacer } from './pacer.ts';
import type { Recorder } from './recorder.ts';

/**
 * Requests at a fixed rate, whatever the answers do. A request's latency counts from the time it was due, so a
 * program that stalls is charged for all that had to wait meanwhile (no coordinated omission).
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
    this.#request = requestOf(spec);
    this.#maxRequests = spec.maxRequests;
    this.#connections = Array.from(
      { length: spec.connections },
      () => new ClientConnection(spec.port, spec.expected, this),
    );
    this.#free = [...this.#connections];
    this.#due = new DueTimes(ratePerS);
    this.#pacer = new Pacer(1000 / ratePerS, (startMs) => {
      if (!this.#due.begun) this.#due.begin(startMs);
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
    for (const connection of this.#connections) connection.leave();
  }

  onFirstByte(connection: ClientConnection): void {
    this.#recorder.firstByte(connection.startMs);
  }

  onBodyBytes(_connection: ClientConnection, count: number): void {
    this.#recorder.bodyBytes(count);
  }

  onAnswer(connection: ClientConnection, problem: string | undefined): void {
    if (problem === undefined) this.#recorder.answer(connection.startMs);
    else this.#recorder.error(problem);
    this.#free.push(connection);
    // What became due while every connection was busy waited for the program, not for the generator.
    if (this.#free.length === 1) this.#sendDue(false);
  }

  #sendDue(countsLateness: boolean): void {
    if (!this.#running) return;
    const nowMs = performance.now();
    while (this.#free.length > 0 && this.#sent < this.#maxRequests) {
      const dueMs = this.#due.take(nowMs);
      if (dueMs === undefined) return;
      this.#sent += 1;
      if (countsLateness) this.#recorder.late(nowMs - dueMs);
      const connection = this.#free.pop()!;
      connection.startMs = dueMs;
      connection.send(this.#request);
    }
  }
}
