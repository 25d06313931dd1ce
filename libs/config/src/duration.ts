const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};

const DURATION = /^\+?(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/;
const PART = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g;

/**
 * Parses a duration in Go's notation: `300ms`, `1h30m`, `0s`, `0`.
 *
 * @returns whole milliseconds; null if the text is not a duration. A duration above zero never becomes zero, because
 *   zero means "off" in most settings.
 */
export function parseDuration(text: string): number | null {
  if (/^\+?0$/.test(text)) return 0;
  if (!DURATION.test(text)) return null;
  let ms = 0;
  for (const [, amount, unit] of text.matchAll(PART)) ms += Number(amount) * (UNIT_MS[unit ?? ''] ?? NaN);
  if (!Number.isFinite(ms)) return null;
  return ms > 0 ? Math.max(1, Math.round(ms)) : 0;
}

/** Formats whole milliseconds in the notation that `parseDuration` accepts: `1h30m`, `2s500ms`. */
export function formatDuration(ms: number): string {
  let rest = ms;
  let text = '';
  for (const unit of ['h', 'm', 's', 'ms'] as const) {
    const amount = Math.floor(rest / (UNIT_MS[unit] ?? 1));
    rest -= amount * (UNIT_MS[unit] ?? 1);
    if (amount > 0) text += `${amount}${unit}`;
  }
  return text === '' ? '0s' : text;
}
