import type { BackendProfile, SignalReading } from '@olla/backends/profile';
import type { EndpointLoad } from '@olla/core/snapshot';
import type { EndpointClient } from './endpoint-client.ts';

const MAX_SIGNAL_BYTES = 8 * 1024 * 1024;
/** Pause before the next try of a path that the server does not have, or has switched off. */
const ABSENT_PAUSE_MS = 60_000;
/** Shortest pause after a path has not responded. */
const NO_RESPONSE_PAUSE_MS = 5_000;
/** A reading is fresh for this many of its path's intervals, so that one slow response does not lose it. */
const FRESH_INTERVALS = 4;

interface KeptReading {
  readonly reading: SignalReading;
  readonly at: number;
  readonly freshForMs: number;
}

export interface ReadOptions {
  /** Whether the server has no requests, so that a path that would keep it awake is left out. */
  readonly isIdle: boolean;
  /** Deadline for each path. */
  readonly timeoutMs: number;
  readonly now: () => number;
}

/** The newest reading of each load signal path of one endpoint. Each path is read at its own interval. */
export class SignalReadings {
  readonly #dueAt = new Map<string, number>();
  readonly #kept = new Map<string, KeptReading>();

  /** Drops all readings, because the server may be another one after an outage. */
  reset(): void {
    this.#dueAt.clear();
    this.#kept.clear();
  }

  /**
   * Reads all paths that are due, in parallel. Never rejects.
   *
   * @returns milliseconds until the next path is due
   */
  async readDue(
    client: EndpointClient,
    { signals }: Pick<BackendProfile, 'signals'>,
    { isIdle, timeoutMs, now }: ReadOptions,
  ): Promise<number> {
    const wanted = isIdle ? signals.filter(({ wakes }) => wakes !== true) : signals;
    const due = wanted.filter(({ path }) => (this.#dueAt.get(path) ?? 0) <= now());
    await Promise.all(
      due.map(async ({ path, everyMs, parse }) => {
        const result = await client.probe(null, path, { timeoutMs, maxBytes: MAX_SIGNAL_BYTES });
        if (result.kind !== 'response') {
          this.#dueAt.set(path, now() + Math.max(everyMs, NO_RESPONSE_PAUSE_MS));
          return;
        }
        const reading = result.response.status === 200 ? parse(result.response.body) : null;
        this.#dueAt.set(path, now() + (reading === null ? ABSENT_PAUSE_MS : everyMs));
        if (reading === null) this.#kept.delete(path);
        else this.#kept.set(path, { reading, at: now(), freshForMs: FRESH_INTERVALS * everyMs });
      }),
    );
    const next = Math.min(...wanted.map(({ path }) => this.#dueAt.get(path) ?? 0));
    return wanted.length === 0 ? ABSENT_PAUSE_MS : Math.max(next - now(), 1);
  }

  /** All fresh readings as one, with the time of the newest. Where two hold the same figure, the newer one counts. */
  merged(now: number): { readonly reading: SignalReading; readonly at: number } | null {
    const fresh = [...this.#kept.values()].filter(({ at, freshForMs }) => now - at <= freshForMs);
    if (fresh.length === 0) return null;
    fresh.sort((a, b) => a.at - b.at);
    const reading: SignalReading = Object.assign({}, ...fresh.map((kept) => kept.reading));
    return { reading, at: fresh.at(-1)?.at ?? now };
  }
}

/**
 * The load of an endpoint from a reading.
 *
 * @param at when it was read; epoch milliseconds
 * @returns null if the reading has no figure of load
 */
export function toEndpointLoad(
  { slots, running, queued, kvUsage }: SignalReading,
  at: number,
): EndpointLoad | null {
  if (slots === undefined && running === undefined && queued === undefined && kvUsage === undefined)
    return null;
  return {
    slots: slots ?? null,
    running: running ?? null,
    queued: queued ?? null,
    kvUsage: kvUsage ?? null,
    at,
  };
}
