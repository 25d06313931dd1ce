import type { UnifiedModel } from '@olla/admin-api/client';
import type { StatsModelsBody } from '@olla/admin-api/schema/stats';
import type { StatusBody } from '@olla/admin-api/schema/status';
import { countedOf, NO_RATES, ratesBetween, type Counted, type Counters, type Rates } from './counters.ts';

/** One reading of a gateway. */
export interface Sample {
  readonly status: StatusBody;
  /** Null: not read this time, the earlier ones still hold. */
  readonly models: readonly UnifiedModel[] | null;
  readonly stats: StatsModelsBody | null;
  /** Monotonic milliseconds of this process when it came. */
  readonly receivedMs: number;
}

/** Values of the last samples, oldest first; null is a gap. */
export type Series = readonly (number | null)[];

export interface EndpointHistory {
  readonly rates: Rates;
  readonly tokens: Series;
}

/** What `top` has seen. Immutable, so that a paused screen keeps the one it shows. */
export interface History {
  readonly status: StatusBody | null;
  readonly models: readonly UnifiedModel[];
  readonly stats: StatsModelsBody | null;
  readonly receivedMs: number;
  readonly counted: readonly Counted[];
  readonly rates: Rates;
  readonly rejectedPerMin: number | null;
  readonly requestsLastMinute: number | null;
  readonly requests: Series;
  readonly tokens: Series;
  readonly failed: Series;
  readonly endpoints: ReadonlyMap<string, EndpointHistory>;
  readonly modelRates: ReadonlyMap<string, Rates>;
}

/** Samples that a sparkline can show. */
export const SERIES_LENGTH = 60;
/** Over how long the numbers are averaged: calm to read, and still of now. */
const RATE_WINDOW_MS = 5_000;
const PERCENTILE_WINDOW_MS = 30_000;
const MINUTE_MS = 60_000;

export const EMPTY_HISTORY: History = {
  status: null,
  models: [],
  stats: null,
  receivedMs: 0,
  counted: [],
  rates: NO_RATES,
  rejectedPerMin: null,
  requestsLastMinute: null,
  requests: [],
  tokens: [],
  failed: [],
  endpoints: new Map(),
  modelRates: new Map(),
};

/** The history with one more sample. */
export function advance(history: History, sample: Sample): History {
  const { status } = sample;
  const stats = sample.stats ?? history.stats;
  const models = sample.models ?? history.models;
  const counted = countedOf({ status, stats, models }, serverTime(history, sample));
  const before = history.counted.at(-1);
  // A clock that was set back, or a gateway that was started again: rates begin anew.
  const restarted =
    before !== undefined && (counted.atMs <= before.atMs || counted.total.requests < before.total.requests);
  const all = restarted
    ? [counted]
    : [...history.counted.filter(({ atMs }) => counted.atMs - atMs <= MINUTE_MS), counted];
  const step = stepOf(restarted ? undefined : before, counted, ({ total }) => total);
  return {
    status,
    models,
    stats,
    receivedMs: sample.receivedMs,
    counted: all,
    rates: windowed(all, ({ total }) => total),
    rejectedPerMin: rejectedPerMinute(all),
    requestsLastMinute: requestsOfLastMinute(all),
    requests: push(history.requests, step.requestsPerS),
    tokens: push(history.tokens, step.tokensPerS),
    failed: push(history.failed, step.failed),
    endpoints: new Map(
      status.endpoints.map(({ name }) => {
        const own = stepOf(restarted ? undefined : before, counted, ({ endpoints }) => endpoints.get(name));
        const tokens = push(history.endpoints.get(name)?.tokens ?? [], own.tokensPerS);
        return [name, { rates: windowed(all, ({ endpoints }) => endpoints.get(name)), tokens }];
      }),
    ),
    modelRates: new Map(
      [...counted.models.keys()].map((name) => [name, windowed(all, ({ models }) => models.get(name))]),
    ),
  };
}

/** The server's clock; for an unchanged answer (304) what passed here since is added. */
function serverTime(history: History, sample: Sample): number {
  const before = history.counted.at(-1);
  const told = Date.parse(sample.status.timestamp);
  if (before === undefined || history.status === null || history.status.timestamp !== sample.status.timestamp)
    return told;
  return before.atMs + (sample.receivedMs - history.receivedMs);
}

type Pick = (counted: Counted) => Counters | undefined;

function stepOf(before: Counted | undefined, now: Counted, pick: Pick): Rates {
  return before === undefined ? NO_RATES : ratesBetween(pick(before), pick(now), now.atMs - before.atMs);
}

/** Rates over the last seconds, percentiles over more of them. */
function windowed(all: readonly Counted[], pick: Pick): Rates {
  const now = all.at(-1);
  if (now === undefined) return NO_RATES;
  const over = (windowMs: number): Rates => stepOf(oldestWithin(all, now, windowMs), now, pick);
  const { ttftP50Ms, ttftP95Ms } = over(PERCENTILE_WINDOW_MS);
  return { ...over(RATE_WINDOW_MS), ttftP50Ms, ttftP95Ms };
}

/** The oldest of the window, or the one just before if the samples are further apart than the window. */
function oldestWithin(all: readonly Counted[], now: Counted, windowMs: number): Counted | undefined {
  const earlier = all.slice(0, -1);
  return earlier.find(({ atMs }) => now.atMs - atMs <= windowMs) ?? earlier.at(-1);
}

function rejectedPerMinute(all: readonly Counted[]): number | null {
  const now = all.at(-1);
  const from = now && oldestWithin(all, now, MINUTE_MS);
  if (!now || !from || now.rejected < from.rejected) return null;
  return ((now.rejected - from.rejected) * MINUTE_MS) / (now.atMs - from.atMs);
}

/** Requests of the last minute, or of the time since `top` was started, stretched to a minute. */
function requestsOfLastMinute(all: readonly Counted[]): number | null {
  const now = all.at(-1);
  const from = now && oldestWithin(all, now, MINUTE_MS);
  if (!now || !from) return null;
  return ((now.total.requests - from.total.requests) * MINUTE_MS) / (now.atMs - from.atMs);
}

function push(series: Series, value: number | null): Series {
  return [...series, value].slice(-SERIES_LENGTH);
}
