const BYTE_UNITS = ['KB', 'MB', 'GB', 'TB', 'PB'] as const;

/** `1006 B`, `9.57 KB`: binary steps, two digits. */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${Math.round(bytes)} B`;
  let value = bytes / 1024;
  let unit = 0;
  while (value >= 1024 && unit < BYTE_UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${value.toFixed(2)} ${BYTE_UNITS[unit] ?? 'PB'}`;
}

/** `13ms`; `0ms` without a measurement, as in the original. */
export function formatLatency(ms: number | null): string {
  return `${Math.round(ms ?? 0)}ms`;
}

/** `61.5%`, `100%`; `N/A` if the total is zero. */
export function formatShare(part: number, whole: number): string {
  if (whole <= 0) return 'N/A';
  const tenths = Math.round((part / whole) * 1_000);
  // Rounding must not hide a failure: 99.99 % is not all.
  const shown = tenths === 1_000 && part < whole ? 999 : tenths;
  return shown % 10 === 0 ? `${shown / 10}%` : `${(shown / 10).toFixed(1)}%`;
}

/** `3d4h`, `2h5m`, `7m12s`, `9s`. */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  if (hours >= 24) return `${Math.floor(hours / 24)}d${hours % 24}h`;
  if (hours > 0) return `${hours}h${minutes % 60}m`;
  if (minutes > 0) return `${minutes}m${seconds % 60}s`;
  return `${seconds}s`;
}

export function formatAgo(at: number | null, now: number): string {
  return at === null ? 'never' : `${formatDuration(now - at)} ago`;
}

export function formatUntil(at: number | null, now: number): string {
  return at === null ? 'never' : `in ${formatDuration(at - now)}`;
}

export function isoOrNull(at: number | null | undefined): string | null {
  return at === null || at === undefined || at <= 0 ? null : new Date(at).toISOString();
}
