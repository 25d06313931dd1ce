import type { SignalReading } from '../profile.ts';

const SAMPLE = /^(?:\{[^\n]*\})?[ \t]+([0-9.eE+-]+)(?:[ \t]+-?\d+)?[ \t]*\r?$/;
const MAX_SAMPLES = 1_000;

/**
 * Reads all samples of one metric in a Prometheus text, with any labels. It searches for the name instead of parsing
 * the whole text, which has thousands of lines for some servers.
 */
export function readMetric(text: string, name: string): number[] {
  const values: number[] = [];
  let from = 0;
  while (values.length < MAX_SAMPLES) {
    const at = text.indexOf(name, from);
    if (at === -1) break;
    from = at + name.length;
    if (at > 0 && text.charCodeAt(at - 1) !== 10) continue;
    const end = text.indexOf('\n', from);
    const match = SAMPLE.exec(text.slice(from, end === -1 ? undefined : end));
    const value = match === null ? Number.NaN : Number(match[1]);
    if (Number.isFinite(value)) values.push(value);
  }
  return values;
}

/** Sum over all label sets of the first of `names` in the text; undefined if it has none. */
export function sumMetric(text: string, ...names: string[]): number | undefined {
  for (const name of names) {
    const values = readMetric(text, name);
    if (values.length > 0) return values.reduce((sum, value) => sum + value, 0);
  }
  return undefined;
}

/** Largest sample of the first of `names` in the text; undefined if it has none. */
export function maxMetric(text: string, ...names: string[]): number | undefined {
  for (const name of names) {
    const values = readMetric(text, name);
    if (values.length > 0) return Math.max(...values);
  }
  return undefined;
}

/** Names of the metrics by which a server reports its load. */
export interface LoadMetrics {
  readonly running: string;
  readonly queued: string;
  /** A share from 0 to 1; of several names the first in the text. */
  readonly kvUsage?: readonly string[];
}

/** Reads a server's load from its metrics; null if the text has neither the running nor the queued requests. */
export function readLoad(text: string, names: LoadMetrics): SignalReading | null {
  const running = sumMetric(text, names.running);
  const queued = sumMetric(text, names.queued);
  const kvUsage = maxMetric(text, ...(names.kvUsage ?? []));
  if (running === undefined && queued === undefined) return null;
  return {
    ...(running === undefined ? {} : { running }),
    ...(queued === undefined ? {} : { queued }),
    ...(kvUsage === undefined ? {} : { kvUsage: Math.min(Math.max(kvUsage, 0), 1) }),
  };
}
