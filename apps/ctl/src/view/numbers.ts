/** The text of an unknown value. */
export const UNKNOWN = '-';

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** `1,204`, or `12.3M` from ten million on. */
export function showCount(value: number | null): string {
  if (value === null) return UNKNOWN;
  if (value >= 10_000_000) return `${(value / 1_000_000).toFixed(1)}M`;
  return whole.format(value);
}

/** `980ms`, `1.9s`, `35s`, `2m35`. */
export function showMs(ms: number | null): string {
  if (ms === null) return UNKNOWN;
  if (ms < 1_000) return `${Math.round(ms)}ms`;
  if (ms < 9_950) return `${(ms / 1_000).toFixed(1)}s`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 60) return `${seconds}s`;
  return `${Math.floor(seconds / 60)}m${String(seconds % 60).padStart(2, '0')}`;
}

/** A rate per second: `31.4`, `2,100`. */
export function showRate(value: number | null): string {
  if (value === null) return UNKNOWN;
  return value < 99.95 ? value.toFixed(1) : whole.format(value);
}

/** A share of 1 in per cent: `0.4%`, `12%`. */
export function showShare(value: number | null): string {
  if (value === null) return UNKNOWN;
  const percent = value * 100;
  if (percent === 0) return '0%';
  if (percent < 0.1) return '<0.1%';
  return percent < 9.95 ? `${percent.toFixed(1)}%` : `${Math.round(percent)}%`;
}

/** `3d4h`, `2h5m`, `7m12s`, `9s`. */
export function showAge(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  if (hours >= 24) return `${Math.floor(hours / 24)}d${hours % 24}h`;
  if (hours > 0) return `${hours}h${minutes % 60}m`;
  if (minutes > 0) return `${minutes}m${seconds % 60}s`;
  return `${seconds}s`;
}
