/** How a request ended. */
export type RequestOutcome = 'answered' | 'client-left' | 'broken-off';

/** One request as a simulated server received it. */
export interface ReceivedRequest {
  /** Counts the server's requests from 1. */
  readonly n: number;
  /** Time of arrival in milliseconds since the epoch. */
  readonly at: number;
  readonly method: string;
  /** The request target with its query, unchanged. */
  readonly target: string;
  /** Names and values alternate, unchanged. */
  readonly rawHeaders: readonly string[];
  /** Counts the server's connections from 1. */
  readonly connection: number;
  /** Counts the requests of this connection from 1. */
  readonly onConnection: number;
  bodyBytes: number;
  /** Present only while bodies are captured. */
  body?: string;
  status?: number;
  fault?: string;
  outcome: 'open' | RequestOutcome;
}

export interface Counters {
  received: number;
  answered: number;
  clientLeft: number;
  brokenOff: number;
  bodyBytes: number;
  connections: number;
  /** The highest number of requests that ran at once. */
  maxActive: number;
}

/** Counters that start at 0, for a server on which `active` requests run. */
export function newCounters(active = 0): Counters {
  return {
    received: 0,
    answered: 0,
    clientLeft: 0,
    brokenOff: 0,
    bodyBytes: 0,
    connections: 0,
    maxActive: active,
  };
}

/** Counts all requests of a server and keeps the last ones. */
export interface RequestLog {
  open(request: Omit<ReceivedRequest, 'n' | 'outcome' | 'bodyBytes'>): ReceivedRequest;
  /** Records how a request ended. Only the first call for a request counts. */
  settle(request: ReceivedRequest, outcome: RequestOutcome): void;
  /** The last `limit` requests, oldest first. */
  last(limit: number): readonly ReceivedRequest[];
  readonly active: number;
  readonly counters: Counters;
  reset(): void;
  captureBodies: boolean;
}

export function createRequestLog(capacity: number): RequestLog {
  let kept: ReceivedRequest[] = [];
  let active = 0;
  let n = 0;
  const counters = newCounters();
  return {
    open(request) {
      const entry: ReceivedRequest = { n: ++n, ...request, bodyBytes: 0, outcome: 'open' };
      kept.push(entry);
      if (kept.length > capacity * 2) kept = kept.slice(-capacity);
      counters.received++;
      counters.maxActive = Math.max(counters.maxActive, ++active);
      return entry;
    },
    settle(request, outcome) {
      if (request.outcome !== 'open') return;
      request.outcome = outcome;
      active--;
      counters.bodyBytes += request.bodyBytes;
      if (outcome === 'answered') counters.answered++;
      else if (outcome === 'client-left') counters.clientLeft++;
      else counters.brokenOff++;
    },
    last: (limit) => kept.slice(-Math.min(limit, capacity)),
    get active() {
      return active;
    },
    counters,
    reset() {
      kept = [];
      Object.assign(counters, newCounters(active));
    },
    captureBodies: false,
  };
}
