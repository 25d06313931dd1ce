import {
  EVENT_BYTES,
  JSON_ANSWER,
  JSON_BYTES,
  JSON_MODEL,
  streamBytes,
  streamModel,
  UPLOAD_BYTES,
  UPLOAD_MODEL,
  uploadAnswer,
  type StreamShape,
} from './traffic/payloads.ts';
import type { LoadReport, LoadSpec } from './generator/load-spec.ts';

/** How long and how hard the workloads run. */
export interface LoadScale {
  readonly warmUpMs: number;
  readonly windowMs: number;
  /** Of the open loop. */
  readonly ratePerS: number;
  /** Divides the numbers of streams that take long to open; 1 but in the quick run. */
  readonly fewerStreams: number;
}

type LoadOfWorkload = Omit<LoadSpec, 'port' | 'path'>;

export interface Workload {
  readonly id: string;
  readonly title: string;
  /** What the CPU time is divided by. */
  readonly unit: 'request' | 'chunk' | 'stream' | 'connection' | 'abort' | 'refusal';
  /** `shared`: all on one start; `fresh`: on a start of its own; `rejecting`: the same with a limit that refuses. */
  readonly start: 'shared' | 'fresh' | 'rejecting';
  /** Memory of the open streams is what counts, which a heap that earlier load has grown would hide. */
  readonly measuresMemory: boolean;
  /** Latency is compared as what is added to that of the direct connection. */
  readonly comparesAddedLatency: boolean;
  /** Run for the variants of the gateway as well. */
  readonly forVariants: boolean;
  load(scale: LoadScale): LoadOfWorkload;
}

const PLAIN = {
  start: 'shared',
  measuresMemory: false,
  comparesAddedLatency: false,
  forVariants: false,
} as const;

const PACED_50: StreamShape = { events: 200, intervalMs: 20 };
const PACED_1000: StreamShape = { events: 100, intervalMs: 100 };
const SHORT: StreamShape = { events: 3, intervalMs: 5 };
const IDLE: StreamShape = { events: 1000, intervalMs: 10_000 };
const ABORTED: StreamShape = { events: 200, intervalMs: 10 };

export const WORKLOADS: readonly Workload[] = [
  {
    ...PLAIN,
    id: 'json-32',
    title: '1 KiB JSON each way, 32 keep-alive connections, as fast as it goes',
    unit: 'request',
    forVariants: true,
    load: (scale) => jsonLoad(scale, 32),
  },
  {
    ...PLAIN,
    id: 'json-512',
    title: '1 KiB JSON each way, 512 keep-alive connections, as fast as it goes',
    unit: 'request',
    load: (scale) => jsonLoad(scale, 512),
  },
  {
    ...PLAIN,
    id: 'json-open',
    title: '1 KiB JSON each way at a fixed rate, latency from the time each request was due',
    unit: 'request',
    comparesAddedLatency: true,
    load: (scale) => ({ ...jsonLoad(scale, 64), pace: { kind: 'open', ratePerS: scale.ratePerS } }),
  },
  {
    ...PLAIN,
    id: 'sse-50',
    title: '50 SSE streams, each a 200-byte event every 20 ms',
    unit: 'chunk',
    forVariants: true,
    load: (scale) => streamLoad(scale, PACED_50, 50),
  },
  {
    ...PLAIN,
    id: 'sse-1000',
    title: '1,000 SSE streams, each a 200-byte event every 100 ms',
    unit: 'chunk',
    load: (scale) => streamLoad(scale, PACED_1000, fewer(1000, scale)),
  },
  {
    ...PLAIN,
    id: 'first-byte',
    title: 'time to the first byte of a stream, 8 connections opening short streams one after another',
    unit: 'stream',
    comparesAddedLatency: true,
    load: (scale) => ({ ...streamLoad(scale, SHORT, 8), rampMs: 0 }),
  },
  {
    ...PLAIN,
    id: 'upload',
    title: '1 MiB upload, small answer, 4 keep-alive connections',
    unit: 'request',
    load: (scale) => uploadLoad(scale),
  },
  {
    ...PLAIN,
    id: 'idle-streams',
    title: '2,000 open SSE streams, an event every 10 s: memory',
    unit: 'stream',
    start: 'fresh',
    measuresMemory: true,
    load: (scale) => ({
      ...streamLoad(scale, IDLE, fewer(2000, scale)),
      rampMs: fewer(2000, scale),
      windowAfterAllOpen: true,
    }),
  },
  {
    ...PLAIN,
    id: 'churn',
    title: '1 KiB JSON each way, a new connection for each request, 16 at a time',
    unit: 'connection',
    load: (scale) => ({ ...jsonLoad(scale, 16), connectionClose: true, maxRequests: 25_000 }),
  },
  {
    ...PLAIN,
    id: 'aborts',
    title: 'streams whose client leaves after two events, 16 at a time',
    unit: 'abort',
    load: (scale) => ({
      ...streamLoad(scale, ABORTED, 16),
      rampMs: 0,
      leaveAfterBytes: 2 * EVENT_BYTES,
      maxRequests: 25_000,
    }),
  },
  {
    ...PLAIN,
    id: 'rejected',
    title: 'requests that a limit refuses with 429, 32 keep-alive connections',
    unit: 'refusal',
    start: 'rejecting',
    load: (scale) => ({
      ...jsonLoad(scale, 32),
      expected: { status: 429, bodyBytes: undefined, body: undefined },
    }),
  },
];

/** Every model that the backend has to list. */
export const BENCH_MODELS: readonly string[] = [
  JSON_MODEL,
  UPLOAD_MODEL,
  ...[PACED_50, PACED_1000, SHORT, IDLE, ABORTED].map(streamModel),
];

/** How many units of a workload a window had. */
export function unitsOf(workload: Workload, report: LoadReport): number {
  return workload.unit === 'chunk' ? report.bodyBytes / EVENT_BYTES : report.completed;
}

function jsonLoad(scale: LoadScale, connections: number): LoadOfWorkload {
  return {
    ...baseLoad(scale),
    model: JSON_MODEL,
    requestBytes: JSON_BYTES,
    connections,
    rampMs: connections > 100 ? 100 : 0,
    expected: { status: 200, bodyBytes: JSON_ANSWER.length, body: JSON_ANSWER.toString() },
  };
}

function streamLoad(scale: LoadScale, shape: StreamShape, connections: number): LoadOfWorkload {
  return {
    ...baseLoad(scale),
    model: streamModel(shape),
    requestBytes: JSON_BYTES,
    stream: true,
    connections,
    rampMs: Math.min(scale.warmUpMs / 2, 500),
    expected: { status: 200, bodyBytes: streamBytes(shape), body: undefined },
  };
}

function uploadLoad(scale: LoadScale): LoadOfWorkload {
  const answer = uploadAnswer(UPLOAD_BYTES);
  return {
    ...baseLoad(scale),
    model: UPLOAD_MODEL,
    requestBytes: UPLOAD_BYTES,
    connections: 4,
    rampMs: 0,
    expected: { status: 200, bodyBytes: answer.length, body: answer.toString() },
  };
}

function baseLoad({ warmUpMs, windowMs }: LoadScale) {
  return {
    stream: false,
    pace: { kind: 'closed' },
    warmUpMs,
    windowMs,
    windowAfterAllOpen: false,
    connectionClose: false,
    leaveAfterBytes: undefined,
    maxRequests: 5_000_000,
  } as const;
}

function fewer(count: number, scale: LoadScale): number {
  return Math.ceil(count / scale.fewerStreams);
}
