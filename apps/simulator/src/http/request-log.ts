/** One request as a simulated server received it. */
export interface ReceivedRequest {
  readonly n: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly method: string;
  /** With its query, as it came. */
  readonly target: string;
  /** Names and values alternate, as they came. */
  readonly rawHeaders: readonly string[];
  /** Counted from 1 over the server's life. */
  readonly connection: number;
  /** Counted from 1 on its connection. */
  readonly onConnection: number;
  bodyBytes: number;
  /** Only while bodies are captured. */
  body?: string;
  status?: number;
  fault?: string;
  outcome: 'open' | 'answered' | 'client-left' | 'broken-off';
}

export interface Counters {
  received: number;
  answered: number;
  clientLeft: number;
  brokenOff: number;
  bodyBytes: number;
  connections: number;
  /** The most requests under way at once. */
  maxActive: number;
}

/** Counts all requests and keeps the last ones. */
export interface RequestLog {
  open(request: Omit<ReceivedRequest, 'n' | 'outcome' | 'bodyBytes'>): ReceivedRequest;
  settle(request: ReceivedRequest, outcome: 'answered' | 'client-left' | 'broken-off'): void;
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
  const zero = (): Counters => ({
    received: 0,
    answered: 0,
    clientLeft: 0,
    brokenOff: 0,
    bodyBytes: 0,
    connections: 0,
    maxActive: active,
  });
  const counters = zero();
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
      Object.assign(counters, zero());
    },
    captureBodies: false,
  };
}
