import type { LoadReport, LoadSpec } from './generator/load-spec.ts';
import {
  EVENT_BYTES,
  CHAT_COMPLETION,
  JSON_BYTES,
  JSON_MODEL,
  streamBytes,
  streamModel,
  UPLOAD_BYTES,
  UPLOAD_MODEL,
  uploadReceipt,
  type StreamShape,
} from './traffic/payloads.ts';

/** The duration and size of the workloads. */
export interface LoadScale {
  readonly warmUpMs: number;
  readonly windowMs: number;
  /** Rate of the open loop. */
  readonly ratePerS: number;
  /** Divides the number of streams in workloads that take long to open them. 1 except in the quick run. */
  readonly streamDivisor: number;
}

type LoadOfWorkload = Omit<LoadSpec, 'port' | 'path'>;

export interface Workload {
  readonly id: string;
  readonly title: string;
  /** The unit whose CPU time is reported. */
  readonly unit: 'request' | 'chunk' | 'stream' | 'connection' | 'abort' | 'refusal';
  /** `shared`: runs on the same start as the others. `fresh`: on a start of its own. `rejecting`: on one with a limit. */
  readonly start: 'shared' | 'fresh' | 'rejecting';
  /** Reports the memory of open streams. A heap that an earlier load has grown would hide it. */
  readonly measuresMemory: boolean;
  /** Compares the latency above that of the direct connection. */
  readonly comparesAddedLatency: boolean;
  /** Runs for the variants of the gateway too. */
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
    load: (scale) => streamLoad(scale, PACED_1000, divideStreams(1000, scale)),
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
    title: '1 MiB upload, small response, 4 keep-alive connections',
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
      ...streamLoad(scale, IDLE, divideStreams(2000, scale)),
      rampMs: divideStreams(2000, scale),
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
      abortAfterBytes: 2 * EVENT_BYTES,
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

/** All models that the backend lists. */
export const BENCH_MODELS: readonly string[] = [
  JSON_MODEL,
  UPLOAD_MODEL,
  ...[PACED_50, PACED_1000, SHORT, IDLE, ABORTED].map(streamModel),
];

/** The units of a workload that a window held. */
export function countUnits(workload: Workload, report: LoadReport): number {
  return workload.unit === 'chunk' ? report.bodyBytes / EVENT_BYTES : report.completed;
}

function jsonLoad(scale: LoadScale, connections: number): LoadOfWorkload {
  return {
    ...baseLoad(scale),
    model: JSON_MODEL,
    requestBytes: JSON_BYTES,
    connections,
    rampMs: connections > 100 ? 100 : 0,
    expected: { status: 200, bodyBytes: CHAT_COMPLETION.length, body: CHAT_COMPLETION.toString() },
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
  const receipt = uploadReceipt(UPLOAD_BYTES);
  return {
    ...baseLoad(scale),
    model: UPLOAD_MODEL,
    requestBytes: UPLOAD_BYTES,
    connections: 4,
    rampMs: 0,
    expected: { status: 200, bodyBytes: receipt.length, body: receipt.toString() },
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
    abortAfterBytes: undefined,
    maxRequests: 5_000_000,
  } as const;
}

function divideStreams(count: number, scale: LoadScale): number {
  return Math.ceil(count / scale.streamDivisor);
}
