/**
 * A worker's record of an endpoint's failures in traffic. Plain data with one owner. All times are milliseconds of the
 * caller's clock.
 */
export interface Breaker {
  /** `ejected`: not routed to. `probing`: one request tries it, all others go elsewhere. */
  state: 'closed' | 'ejected' | 'probing';
  /** The failures that caused the ejection. A server whose responses fail may pass its health checks. */
  cause: 'connection' | 'status';
  /** Why it was last ejected, for people. */
  reason: string;
  /** When it was last ejected, by the clock of the process that decided it. */
  ejectedAt: number;
  /** When it was last re-admitted, by the clock of the process that decided it; 0 for never. */
  readmittedAt: number;
  /** Why, for people. */
  readmission: string;
  /** Rises with each change of the inputs of `endpointStatus`. */
  revision: number;
  /** When this worker last ejected it, or found it still failing, by its own clock. */
  struckAt: number;
  /** When it was last re-admitted: failures of requests sent before no longer count. */
  closedAt: number;
  /** Until then no probe is due, and after failing responses no health check re-admits. */
  ejectedUntil: number;
  /** Ejections since it last served; each lengthens the next one. */
  strikes: number;
  /** Until when a granted probe that is not yet sent or settled keeps others from probing. */
  probeUntil: number;
  /** A granted probe that no request has taken yet. */
  probeGranted: boolean;
  /** The agent's newest check known at the ejection, and the newest check since. */
  checkAtEjection: number;
  checkSeen: number;
  /** Responses of the last WINDOW_MS, in slices of SLICE_MS. */
  readonly good: Float64Array;
  readonly bad: Float64Array;
  readonly vague: Float64Array;
  slice: number;
}

export const WINDOW_MS = 20_000;
const SLICES = 10;
const SLICE_MS = WINDOW_MS / SLICES;
/** Failing responses within the window that cause an ejection. */
export const MIN_FAILURES = 5;
/** Duration of a first ejection, which each consecutive one doubles, and the longest duration. */
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

/** The change that a report made to the breaker, for the caller to publish to the cluster. */
export type BreakerChange = 'ejected' | 'readmitted';

export interface FailedAttempt {
  /** For people, such as `connection refused`. */
  readonly reason: string;
  /** When the attempt began. If before the last re-admission, it does not count. */
  readonly startedAt: number;
}

/** No connection, or one that broke off before the first byte of a response. Ejects at once. */
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
 * it is good: servers also answer 500 to a client's broken request, and one such client must not eject a fleet. A 4xx
 * does not count.
 *
 * @param startedAt when the request was sent. If before the ejection, a good response does not re-admit; if before the
 *   last re-admission, a failing one does not count
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

/** A response that only shows that the endpoint is reachable. */
export function recordAlive(breaker: Breaker, status: number, now: number): BreakerChange | null {
  return breaker.state === 'probing' ? close(breaker, answered(status), now) : null;
}

function answered(status: number): string {
  return `a request was answered (${status})`;
}

/** Why and when an endpoint was ejected, as reported by the process that decided it. */
export interface EjectionFacts {
  readonly cause: Breaker['cause'];
  readonly reason: string;
  /** Epoch milliseconds of that process. */
  readonly at: number;
}

/**
 * Takes over the ejection in force in the cluster. If this process ejected the endpoint at the same time, the cluster's
 * reason and time replace its own, so that every process shows the same.
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

/** Why and when an endpoint was re-admitted, as reported by the process that decided it. */
export interface ReadmissionFacts {
  /** `at` of the ejection that ended; one that began later remains in force. */
  readonly ejectedAt: number;
  readonly reason: string;
  /** Epoch milliseconds of that process. */
  readonly at: number;
}

/**
 * Takes over the re-admission of the cluster, even if this process made one at the same time or does not know of the
 * ejection, so that every process shows the same.
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
 * Applies the agent's last check, with each snapshot. A passed check that began after the ejection re-admits the
 * endpoint. After failing responses it does so only once the ejection's time is over, because such a server may pass
 * its health checks.
 */
export function applyCheck(
  breaker: Breaker,
  { checkedAt, passed }: Check,
  now: number,
): BreakerChange | null {
  const seen = checkedAt ?? 0;
  // A probe that no request used in time may have been granted to another process.
  if (breaker.probeGranted && now >= breaker.probeUntil) breaker.probeGranted = false;
  if (breaker.state === 'closed') {
    breaker.checkSeen = seen;
    return null;
  }
  // The agent's clock may differ from this one. A check that seems older counts if it is the second new one, because it
  // began after the first had ended.
  const second = breaker.checkSeen > breaker.checkAtEjection && seen > breaker.checkSeen;
  const newer = seen > breaker.checkAtEjection && (seen > breaker.struckAt || second);
  breaker.checkSeen = Math.max(breaker.checkSeen, seen);
  if (!newer || !passed) return null;
  return breaker.cause === 'connection' || now >= breaker.ejectedUntil
    ? close(breaker, 'a health check passed', now)
    : null;
}

/** Whether it is time to request a probe permit from the cluster. */
export function isProbeDue(breaker: Breaker, now: number): boolean {
  return breaker.state !== 'closed' && now >= breaker.ejectedUntil && now >= breaker.probeUntil;
}

/** The cluster granted this process the probe: the next suitable request makes it. */
export function grantProbe(breaker: Breaker, untilMs: number): void {
  if (breaker.state === 'closed') return;
  breaker.state = 'probing';
  breaker.probeGranted = true;
  breaker.probeUntil = untilMs;
}

/** A request goes to it and uses the grant, so that no second one follows. */
export function takeProbe(breaker: Breaker): void {
  breaker.probeGranted = false;
}

function eject(breaker: Breaker, { cause, reason, at }: EjectionFacts, now: number): BreakerChange | null {
  const isNew = breaker.state === 'closed';
  // Requests that were in flight together fail together: that counts as one ejection.
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

/** Clears the slices that have passed since the last response. */
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
