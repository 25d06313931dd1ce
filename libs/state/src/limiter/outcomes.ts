import type { Admission, LimitSpec } from './admission.ts';
import type { KeyEntry } from './key-entry.ts';

/** `Retry-After` of a refusal that no bucket decided. */
const BLIND_RETRY_MS = 1_000;

/** The limit whose figures an admitted request's headers show: the address's own, else the first. */
export function shownLimit(limits: readonly LimitSpec[]): LimitSpec | undefined {
  let shown = limits[0];
  for (const spec of limits) if (spec.name === 'per_ip') shown = spec;
  return shown;
}

export function grantOf(
  shown: LimitSpec | undefined,
  entry: KeyEntry | undefined,
  nowMs: number,
  waited: boolean,
): Admission {
  return {
    admitted: true,
    refusedBy: null,
    limit: shown?.ratePerMinute ?? 0,
    remaining: entry?.remaining(shown?.capacity ?? 0) ?? 0,
    resetMs: entry?.resetMs(nowMs) ?? 0,
    retryAfterMs: 0,
    waited,
  };
}

export function refusalOf(spec: LimitSpec, entry: KeyEntry, nowMs: number, waited: boolean): Admission {
  return {
    admitted: false,
    refusedBy: spec,
    limit: spec.ratePerMinute,
    remaining: 0,
    resetMs: entry.resetMs(nowMs),
    retryAfterMs: Math.max(1, Math.ceil(entry.noUntilMs - nowMs)),
    waited,
  };
}

/** A refusal that no bucket decided. */
export function blindRefusalOf(spec: LimitSpec | undefined, waited: boolean): Admission {
  return {
    admitted: false,
    refusedBy: spec ?? null,
    limit: spec?.ratePerMinute ?? 0,
    remaining: 0,
    resetMs: BLIND_RETRY_MS,
    retryAfterMs: BLIND_RETRY_MS,
    waited,
  };
}
