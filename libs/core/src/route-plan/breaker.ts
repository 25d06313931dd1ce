/**
 * What one worker knows of an endpoint's failures in traffic. Plain data with one owner; all times are milliseconds
 * of one clock, the caller's.
 */
export interface Breaker {
  /** `ejected`: not routed to. `probing`: one request is trying it, the others stay away. */
  state: 'closed' | 'ejected' | 'probing';
  /** Which failures led to it; a server whose answers fail may well pass its health checks. */
  cause: 'connection' | 'status';
  /** Why it was ejected the last time, for people. */
  reason: string;
  /** When it was ejected the last time, by the clock of the process that decided it. */
  ejectedAt: number;
  /** When it was re-admitted the last time, by the clock of the process that decided it; 0 for never. */
  readmittedAt: number;
  /** Why, for people. */
  readmission: string;
  /** Rises with each change of what `endpointStatus` is made of. */
  revision: number;
  /** When this worker last ejected it, or found it still failing, by its own clock. */
  struckAt: number;
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
    reason: '',
    ejectedAt: 0,
    readmittedAt: 0,
    readmission: '',
    revision: 0,
    struckAt: 0,
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

/** What a report did to the breaker, for the caller to tell the cluster. */
export type BreakerChange = 'ejected' | 'readmitted';

export interface FailedAttempt {
  /** For people, such as `connection refused`. */
  readonly reason: string;
  /** When the attempt began: one from before the last re-admission counts for nothing. */
  readonly startedAt: number;
}

/** No connection, or one that broke before any byte of a response. Ejects at once. */
export function recordConnectionFailure(
  breaker: Breaker,
  { reason, startedAt }: FailedAttempt,
  now: number,
): BreakerChange | null {
  if (startedAt < breaker.closedAt) return null;
  return eject(breaker, { cause: 'connection', reason, at: now }, now);
}

/**
 * The head of a response. 502, 503 and 504 count as the endpoint's failures. Other 5xx count only while no response of
 * it is good: servers answer 500 to a client's broken request too, and one such client must not eject a fleet. A 4xx
 * says nothing.
 *
 * @param startedAt when the request was sent: to one from before the ejection a good response re-admits nothing, to
 *   one from before the last re-admission a failing one counts for nothing
 */
export function recordStatus(
  breaker: Breaker,
  status: number,
  startedAt: number,
  now: number,
): BreakerChange | null {
  if (status >= 400 && status < 500) return recordAlive(breaker, status, now);
  turnTo(breaker, now);
  const index = breaker.slice % SLICES;
  if (status < 400) {
    breaker.good[index] = (breaker.good[index] ?? 0) + 1;
    const readmits = breaker.state !== 'closed' && startedAt >= breaker.struckAt;
    const change = readmits ? close(breaker, answered(status), now) : null;
    if (breaker.state === 'closed') breaker.strikes = 0;
    return change;
  }
  if (startedAt < breaker.closedAt) return null;
  const counts = status >= 502 && status <= 504 ? breaker.bad : breaker.vague;
  counts[index] = (counts[index] ?? 0) + 1;
  if (breaker.state === 'ejected') return null;
  const { failed, all, isStorm } = weigh(breaker);
  if (breaker.state === 'closed' && !isStorm) return null;
  const reason = `${failed} of the last ${all} requests failed (${status})`;
  return eject(breaker, { cause: 'status', reason, at: now }, now);
}

/** A response that says no more than that the endpoint is there. */
export function recordAlive(breaker: Breaker, status: number, now: number): BreakerChange | null {
  return breaker.state === 'probing' ? close(breaker, answered(status), now) : null;
}

function answered(status: number): string {
  return `a request was answered (${status})`;
}

/** Why and when an endpoint was ejected, as the process that decided it says. */
export interface EjectionFacts {
  readonly cause: Breaker['cause'];
  readonly reason: string;
  /** Epoch milliseconds of that process. */
  readonly at: number;
}

/**
 * Takes over the ejection that stands in the cluster. Where this process ejected the endpoint by itself at the same
 * time, the cluster's reason and time replace its own, so that every process shows the same.
 */
export function applyEjection(breaker: Breaker, facts: EjectionFacts, now: number): void {
  if (breaker.state === 'closed') {
    eject(breaker, facts, now);
    return;
  }
  breaker.cause = facts.cause;
  breaker.reason = facts.reason;
  breaker.ejectedAt = facts.at;
  breaker.revision += 1;
}

/** Why and when an endpoint was re-admitted, as the process that decided it says. */
export interface ReadmissionFacts {
  /** `at` of the ejection that is over; one that began since stands. */
  readonly ejectedAt: number;
  readonly reason: string;
  /** Epoch milliseconds of that process. */
  readonly at: number;
}

/**
 * Takes over the re-admission of the cluster, also where this process made one by itself at the same time or has never
 * heard of the ejection, so that every process shows the same.
 */
export function applyReadmission(breaker: Breaker, facts: ReadmissionFacts, now: number): void {
  const { ejectedAt, reason, at } = facts;
  const isSame = breaker.ejectedAt === ejectedAt;
  if (breaker.state !== 'closed' && !isSame) return;
  if (breaker.state !== 'closed') close(breaker, reason, now);
  else if (!isSame && at <= Math.max(breaker.ejectedAt, breaker.readmittedAt)) return;
  breaker.readmission = reason;
  breaker.readmittedAt = at;
  breaker.revision += 1;
}

export interface Check {
  /** By the agent's clock; null for never. */
  readonly checkedAt: number | null;
  /** Whether it found the endpoint fit for requests, with its models listed. */
  readonly passed: boolean;
}

/**
 * The agent's last check, with each snapshot. One from after the ejection that passed re-admits the endpoint; where
 * responses failed, not before the ejection's time is over, because such a server may well pass its health checks.
 */
export function applyCheck(
  breaker: Breaker,
  { checkedAt, passed }: Check,
  now: number,
): BreakerChange | null {
  const seen = checkedAt ?? 0;
  // A probe that nothing used in its time may be another process's by now.
  if (breaker.probeGranted && now >= breaker.probeUntil) breaker.probeGranted = false;
  if (breaker.state === 'closed') {
    breaker.checkSeen = seen;
    return null;
  }
  // The agent's clock may differ from this one: a check that seems older still counts if it is the second new one,
  // because that began after the first had ended.
  const second = breaker.checkSeen > breaker.checkAtEjection && seen > breaker.checkSeen;
  const newer = seen > breaker.checkAtEjection && (seen > breaker.struckAt || second);
  breaker.checkSeen = Math.max(breaker.checkSeen, seen);
  if (!newer || !passed) return null;
  return breaker.cause === 'connection' || now >= breaker.ejectedUntil
    ? close(breaker, 'a health check passed', now)
    : null;
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

function eject(breaker: Breaker, { cause, reason, at }: EjectionFacts, now: number): BreakerChange | null {
  const isNew = breaker.state === 'closed';
  // Requests that were under way together fail together: that is one strike.
  if (breaker.state === 'ejected' && now < breaker.ejectedUntil) return null;
  if (isNew) {
    breaker.reason = reason;
    breaker.ejectedAt = at;
    breaker.revision += 1;
  }
  breaker.state = 'ejected';
  breaker.cause = cause;
  breaker.struckAt = now;
  breaker.ejectedUntil = now + Math.min(EJECTION_MS * 2 ** Math.min(breaker.strikes, 10), MAX_EJECTION_MS);
  breaker.strikes += 1;
  breaker.probeGranted = false;
  breaker.probeUntil = 0;
  breaker.checkAtEjection = breaker.checkSeen;
  return isNew ? 'ejected' : null;
}

function close(breaker: Breaker, reason: string, now: number): 'readmitted' {
  breaker.state = 'closed';
  breaker.readmission = reason;
  breaker.readmittedAt = now;
  breaker.revision += 1;
  breaker.closedAt = now;
  breaker.probeGranted = false;
  breaker.probeUntil = 0;
  breaker.good.fill(0);
  breaker.bad.fill(0);
  breaker.vague.fill(0);
  return 'readmitted';
}

function weigh(breaker: Breaker): { failed: number; all: number; isStorm: boolean } {
  let good = 0;
  let bad = 0;
  let vague = 0;
  for (let i = 0; i < SLICES; i += 1) {
    good += breaker.good[i] ?? 0;
    bad += breaker.bad[i] ?? 0;
    vague += breaker.vague[i] ?? 0;
  }
  const failed = bad + vague;
  const isStorm = (bad >= MIN_FAILURES && bad >= good) || (good === 0 && failed >= MIN_FAILURES);
  return { failed, all: good + failed, isStorm };
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
