import type { Series } from './history.ts';

const LEVELS = [...'▁▂▃▄▅▆▇█'];
const ASCII_LEVELS = [...'_.-=+*%#'];

export interface SparkOptions {
  readonly width: number;
  readonly ascii: boolean;
  /** The value of a full bar. Default: the highest value shown. */
  readonly max?: number;
}

/** Draws the last values as bars, newest at the right. A missing value is a gap. */
export function sparkline(series: Series, { width, ascii, max }: SparkOptions): string {
  const shown = series.slice(-width);
  const top = max ?? Math.max(0, ...shown.map((value) => value ?? 0));
  const levels = ascii ? ASCII_LEVELS : LEVELS;
  const bars = shown.map((value) => {
    if (value === null) return ' ';
    const share = top > 0 ? Math.min(1, value / top) : 0;
    return levels[Math.round(share * (levels.length - 1))] ?? ' ';
  });
  return bars.join('').padStart(width);
}

/** Draws a share of a whole: `██████░░░░`. */
export function gauge(share: number, width: number, ascii: boolean): string {
  const full = Math.round(Math.min(1, Math.max(0, share)) * width);
  return (ascii ? '#' : '█').repeat(full) + (ascii ? '.' : '░').repeat(width - full);
}
