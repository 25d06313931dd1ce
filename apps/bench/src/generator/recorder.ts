import { LatencyHistogram } from '../latency-histogram.ts';
import type { LoadReport, Percentiles } from './load-spec.ts';

const MAX_ERROR_KINDS = 20;

/** Records latencies and counts within the window, and errors at all times. */
export class Recorder {
  readonly #latency = new LatencyHistogram();
  readonly #firstByte = new LatencyHistogram();
  readonly #lateness = new LatencyHistogram();
  readonly #errors = new Map<string, number>();
  #completed = 0;
  #bodyBytes = 0;
  #startMs: number | undefined;

  /** The window is open. */
  get measuring(): boolean {
    return this.#startMs !== undefined;
  }

  /** No response and no body byte has come since the window opened. */
  get isEmpty(): boolean {
    return this.#completed === 0 && this.#bodyBytes === 0;
  }

  /** Milliseconds since the window opened. */
  get elapsedMs(): number {
    return this.#startMs === undefined ? 0 : performance.now() - this.#startMs;
  }

  /** Opens the window. */
  start(): void {
    this.#startMs = performance.now();
  }

  /** @param startMs when the request was sent or due. */
  recordResponse(startMs: number): void {
    if (this.#startMs === undefined) return;
    this.#completed += 1;
    this.#latency.record((performance.now() - startMs) * 1000);
  }

  recordFirstByte(startMs: number): void {
    if (this.#startMs !== undefined) this.#firstByte.record((performance.now() - startMs) * 1000);
  }

  recordLateness(byMs: number): void {
    if (this.#startMs !== undefined) this.#lateness.record(byMs * 1000);
  }

  addBodyBytes(count: number): void {
    if (this.#startMs !== undefined) this.#bodyBytes += count;
  }

  recordError(problem: string): void {
    const known = this.#errors.has(problem) || this.#errors.size < MAX_ERROR_KINDS;
    const key = known ? problem : 'other';
    this.#errors.set(key, (this.#errors.get(key) ?? 0) + 1);
  }

  report(): LoadReport {
    return {
      windowMs: this.elapsedMs,
      completed: this.#completed,
      bodyBytes: this.#bodyBytes,
      latency: percentilesOf(this.#latency),
      firstByte: percentilesOf(this.#firstByte),
      lateness: percentilesOf(this.#lateness),
      errors: Object.fromEntries(this.#errors),
    };
  }
}

function percentilesOf(histogram: LatencyHistogram): Percentiles | undefined {
  const p50Us = histogram.percentileUs(0.5);
  const p99Us = histogram.percentileUs(0.99);
  return p50Us === undefined || p99Us === undefined ? undefined : { count: histogram.count, p50Us, p99Us };
}
