import type { UnifiedModel } from '@olla/admin-api/client';
import type { StatsModelsBody } from '@olla/admin-api/schema/stats';
import type { StatusBody } from '@olla/admin-api/schema/status';
import {
  snapshotCounters,
  NO_RATES,
  ratesBetween,
  type CounterSnapshot,
  type Counters,
  type Rates,
} from './counters.ts';

/** One reading of a gateway's API. */
export interface Sample {
  readonly status: StatusBody;
  /** Null if they were not read this time: the last ones are kept. */
  readonly models: readonly UnifiedModel[] | null;
  readonly stats: StatsModelsBody | null;
  /** When it arrived, on the clock of performance.now(). */
  readonly receivedMs: number;
}

/** Values of the last samples, oldest first; null for a gap. */
export type Series = readonly (number | null)[];

export interface EndpointHistory {
  readonly rates: Rates;
  readonly tokens: Series;
}

/** All samples so far, reduced to what the screen shows. Immutable, so that a paused screen keeps its own. */
export interface History {
  readonly status: StatusBody | null;
  readonly models: readonly UnifiedModel[];
  readonly stats: StatsModelsBody | null;
  readonly receivedMs: number;
  readonly counted: readonly CounterSnapshot[];
  readonly rates: Rates;
  readonly rejectedPerMin: number | null;
  readonly requestsLastMinute: number | null;
  readonly requests: Series;
  readonly tokens: Series;
  readonly failed: Series;
  readonly endpoints: ReadonlyMap<string, EndpointHistory>;
  readonly modelRates: ReadonlyMap<string, Rates>;
}

/** The most samples that a sparkline shows. */
export const SERIES_LENGTH = 60;
/** Rates are averages over this time, so that they are steady but recent. */
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

/** Returns the history with one more sample. */
export function addSample(history: History, sample: Sample): History {
  const { status } = sample;
  const stats = sample.stats ?? history.stats;
  const models = sample.models ?? history.models;
  const counted = snapshotCounters({ status, stats, models }, gatewayTimeMs(history, sample));
  const before = history.counted.at(-1);
  // After a restart of the gateway, or when its clock is set back, the rates start again.
  const restarted =
    before !== undefined && (counted.atMs <= before.atMs || counted.total.requests < before.total.requests);
  const all = restarted
    ? [counted]
    : [...history.counted.filter(({ atMs }) => counted.atMs - atMs <= MINUTE_MS), counted];
  const step = ratesSince(restarted ? undefined : before, counted, ({ total }) => total);
  return {
    status,
    models,
    stats,
    receivedMs: sample.receivedMs,
    counted: all,
    rates: ratesOverWindows(all, ({ total }) => total),
    rejectedPerMin: rejectedPerMinute(all),
    requestsLastMinute: requestsPerMinute(all),
    requests: push(history.requests, step.requestsPerS),
    tokens: push(history.tokens, step.tokensPerS),
    failed: push(history.failed, step.failed),
    endpoints: new Map(
      status.endpoints.map(({ name }) => {
        const own = ratesSince(restarted ? undefined : before, counted, ({ endpoints }) =>
          endpoints.get(name),
        );
        const tokens = push(history.endpoints.get(name)?.tokens ?? [], own.tokensPerS);
        return [name, { rates: ratesOverWindows(all, ({ endpoints }) => endpoints.get(name)), tokens }];
      }),
    ),
    modelRates: new Map(
      [...counted.models.keys()].map((name) => [
        name,
        ratesOverWindows(all, ({ models }) => models.get(name)),
      ]),
    ),
  };
}

/** The gateway's time of a sample. An unchanged response (304) has an old time, so the local time since is added. */
function gatewayTimeMs(history: History, sample: Sample): number {
  const before = history.counted.at(-1);
  const reportedMs = Date.parse(sample.status.timestamp);
  if (before === undefined || history.status === null || history.status.timestamp !== sample.status.timestamp)
    return reportedMs;
  return before.atMs + (sample.receivedMs - history.receivedMs);
}

type Pick = (counted: CounterSnapshot) => Counters | undefined;

function ratesSince(before: CounterSnapshot | undefined, now: CounterSnapshot, pick: Pick): Rates {
  return before === undefined ? NO_RATES : ratesBetween(pick(before), pick(now), now.atMs - before.atMs);
}

/** Rates over a short window, and percentiles over a longer one, which needs more requests. */
function ratesOverWindows(all: readonly CounterSnapshot[], pick: Pick): Rates {
  const now = all.at(-1);
  if (now === undefined) return NO_RATES;
  const over = (windowMs: number): Rates => ratesSince(oldestWithin(all, now, windowMs), now, pick);
  const { ttftP50Ms, ttftP95Ms } = over(PERCENTILE_WINDOW_MS);
  return { ...over(RATE_WINDOW_MS), ttftP50Ms, ttftP95Ms };
}

/** The oldest snapshot of the window, or the previous one when the samples are further apart than the window. */
function oldestWithin(
  all: readonly CounterSnapshot[],
  now: CounterSnapshot,
  windowMs: number,
): CounterSnapshot | undefined {
  const earlier = all.slice(0, -1);
  return earlier.find(({ atMs }) => now.atMs - atMs <= windowMs) ?? earlier.at(-1);
}

function rejectedPerMinute(all: readonly CounterSnapshot[]): number | null {
  const now = all.at(-1);
  const from = now && oldestWithin(all, now, MINUTE_MS);
  if (!now || !from || now.rejected < from.rejected) return null;
  return ((now.rejected - from.rejected) * MINUTE_MS) / (now.atMs - from.atMs);
}

/** Requests per minute, over the last minute or the time since the start of `top`. */
function requestsPerMinute(all: readonly CounterSnapshot[]): number | null {
  const now = all.at(-1);
  const from = now && oldestWithin(all, now, MINUTE_MS);
  if (!now || !from) return null;
  return ((now.total.requests - from.total.requests) * MINUTE_MS) / (now.atMs - from.atMs);
}

function push(series: Series, value: number | null): Series {
  return [...series, value].slice(-SERIES_LENGTH);
}
