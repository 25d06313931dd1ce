/**
 * What one worker knows of an endpoint's failures in traffic. Plain data with one owner; all times are milliseconds
 * of one clock, the caller's.
 */
export interface Breaker {
  /** `ejected`: not routed to. `probing`: one request is trying it, the others stay away. */
  state: 'closed' | 'ejected' | 'probing';
  /** Which failures led to it; a server whose answers fail may well pass its health checks. */
  cause: 'connection' | 'status';
  ejectedAt: number;
  /** When it was last re-admitted: failures of requests from before say nothing of it any more. */
  closedAt: number;
  /** Before it, no probe is due, and after failing answers no health check re-admits. */
  ejectedUntil: number;
  /** Ejections since it last served; makes the next one longer. */
  strikes: number;
  /** Until when a probe that was granted, and not yet sent or settled, keeps others from probing. */
  probeUntil: number;
  /** A granted probe that no request has taken yet. */
  probeGranted: boolean;
  /** The agent's newest check that was known when it was ejected, and the newest seen since. */
  checkAtEjection: number;
  checkSeen: number;
  /** Answers of the last WINDOW_MS by slices of SLICE_MS. */
  readonly good: Float64Array;
  readonly bad: Float64Array;
  readonly vague: Float64Array;
  slice: number;
}

export const WINDOW_MS = 20_000;
const SLICES = 10;
const SLICE_MS = WINDOW_MS / SLICES;
/** Failing answers within the window that it takes to eject. */
export const MIN_FAILURES = 5;
/** An ejection lasts so long at first, twice as long each time it follows another, and this at most. */
export const EJECTION_MS = 5_000;
export const MAX_EJECTION_MS = 60_000;

export function newBreaker(): Breaker {
  return {
    state: 'closed',
    cause: 'connection',
    ejectedAt: 0,
    closedAt: 0,
    ejectedUntil: 0,
    strikes: 0,
    probeUntil: 0,
    probeGranted: false,
    checkAtEjection: 0,
    checkSeen: 0,
    good: new Float64Array(SLICES),
    bad: new Float64Array(SLICES),
    vague: new Float64Array(SLICES),
    slice: 0,
  };
}

/** Whether requests stay away from it, unless one was granted as a probe and may go. */
export function isOpen(breaker: Breaker): boolean {
  return breaker.state !== 'closed' && !breaker.probeGranted;
}

/**
 * No connection, or one that broke before any byte of an answer. Ejects at once.
 *
 * @param startedAt when the attempt began: one from before the last re-admission counts for nothing
 * @returns whether it was in service until now, so that the failure is news to others
 */
export function recordConnectionFailure(breaker: Breaker, now: number, startedAt = now): boolean {
  if (startedAt < breaker.closedAt) return false;
  return eject(breaker, 'connection', now);
}

/**
 * The head of an answer. 502, 503 and 504 count as the endpoint's failures. Other 5xx count only while nothing it
 * answers is good: servers answer 500 to a client's broken request too, and one such client must not eject a fleet.
 * A 4xx says nothing.
 *
 * @param startedAt when the request was sent: to one from before the ejection a good answer re-admits nothing, to one
 *   from before the last re-admission a failing one counts for nothing
 * @returns whether this ejected it
 */
export function recordStatus(breaker: Breaker, status: number, startedAt: number, now: number): boolean {
  if (status >= 400 && status < 500) {
    if (breaker.state === 'probing') close(breaker, now);
    return false;
  }
  turnTo(breaker, now);
  const index = breaker.slice % SLICES;
  if (status < 400) {
    breaker.good[index] = (breaker.good[index] ?? 0) + 1;
    if (breaker.state !== 'closed' && startedAt >= breaker.ejectedAt) close(breaker, now);
    if (breaker.state === 'closed') breaker.strikes = 0;
    return false;
  }
  if (startedAt < breaker.closedAt) return false;
  const counts = status >= 502 && status <= 504 ? breaker.bad : breaker.vague;
  counts[index] = (counts[index] ?? 0) + 1;
  if (breaker.state === 'probing') return eject(breaker, 'status', now);
  return breaker.state === 'closed' && isStorm(breaker) ? eject(breaker, 'status', now) : false;
}

/** Another process reports that it ejected the endpoint. */
export function applyEjection(breaker: Breaker, cause: Breaker['cause'], now: number): void {
  if (breaker.state === 'closed') eject(breaker, cause, now);
}

/**
 * The agent's view of it, with each snapshot. A check from after the ejection that found it in service re-admits it;
 * where answers failed, not before the ejection's time is over.
 *
 * @param checkedAt when it was checked by the agent's clock; null for never
 * @param routable whether the check found it in service, with its models listed
 */
export function applyCheck(breaker: Breaker, checkedAt: number | null, routable: boolean, now: number): void {
  const seen = checkedAt ?? 0;
  // A probe that nothing used in its time may be another process's by now.
  if (breaker.probeGranted && now >= breaker.probeUntil) breaker.probeGranted = false;
  if (breaker.state === 'closed') {
    breaker.checkSeen = seen;
    return;
  }
  // The agent's clock may differ from this one: a check that seems older still counts if it is the second new one,
  // because that began after the first had ended.
  const second = breaker.checkSeen > breaker.checkAtEjection && seen > breaker.checkSeen;
  const newer = seen > breaker.checkAtEjection && (seen > breaker.ejectedAt || second);
  breaker.checkSeen = Math.max(breaker.checkSeen, seen);
  if (!newer || !routable) return;
  if (breaker.cause === 'connection' || now >= breaker.ejectedUntil) close(breaker, now);
}

/** Whether it is time to ask the cluster for a probe permit. */
export function isProbeDue(breaker: Breaker, now: number): boolean {
  return breaker.state !== 'closed' && now >= breaker.ejectedUntil && now >= breaker.probeUntil;
}

/** The cluster granted this process the probe: the next request that could go there does. */
export function grantProbe(breaker: Breaker, untilMs: number): void {
  if (breaker.state === 'closed') return;
  breaker.state = 'probing';
  breaker.probeGranted = true;
  breaker.probeUntil = untilMs;
}

/** A request goes to it: takes the grant, so that no second one follows. */
export function takeProbe(breaker: Breaker): void {
  breaker.probeGranted = false;
}

function eject(breaker: Breaker, cause: Breaker['cause'], now: number): boolean {
  const news = breaker.state === 'closed';
  // Requests that were under way together fail together: that is one strike.
  if (!news && breaker.state === 'ejected' && now < breaker.ejectedUntil) return false;
  breaker.state = 'ejected';
  breaker.cause = cause;
  breaker.ejectedAt = now;
  breaker.ejectedUntil = now + Math.min(EJECTION_MS * 2 ** Math.min(breaker.strikes, 10), MAX_EJECTION_MS);
  breaker.strikes += 1;
  breaker.probeGranted = false;
  breaker.probeUntil = 0;
  breaker.checkAtEjection = breaker.checkSeen;
  return news;
}

function close(breaker: Breaker, now: number): void {
  breaker.state = 'closed';
  breaker.closedAt = now;
  breaker.probeGranted = false;
  breaker.probeUntil = 0;
  breaker.good.fill(0);
  breaker.bad.fill(0);
  breaker.vague.fill(0);
}

function isStorm(breaker: Breaker): boolean {
  let good = 0;
  let bad = 0;
  let vague = 0;
  for (let i = 0; i < SLICES; i += 1) {
    good += breaker.good[i] ?? 0;
    bad += breaker.bad[i] ?? 0;
    vague += breaker.vague[i] ?? 0;
  }
  if (bad >= MIN_FAILURES && bad >= good) return true;
  return good === 0 && bad + vague >= MIN_FAILURES;
}

/** Empties the slices that have passed since the last answer. */
function turnTo(breaker: Breaker, now: number): void {
  const slice = Math.floor(now / SLICE_MS);
  const passed = slice - breaker.slice;
  if (passed <= 0) return;
  for (let i = 1; i <= Math.min(passed, SLICES); i += 1) {
    const index = (breaker.slice + i) % SLICES;
    breaker.good[index] = 0;
    breaker.bad[index] = 0;
    breaker.vague[index] = 0;
  }
  breaker.slice = slice;
}
