import type { Settings } from '@olla/config/schema';
import type { Candidate } from '@olla/core/route-plan/fleet-view';
import type { UpstreamFailure } from '@olla/upstream/upstream';

/** The result of an attempt at one endpoint before anything was sent to the client. */
export type AttemptEvent =
  /** The head of a response has arrived. */
  | { readonly kind: 'head'; readonly status: number }
  /** No head will arrive. */
  | { readonly kind: 'failed'; readonly failure: Pick<UpstreamFailure, 'kind' | 'reused'> };

/** The attempts of a request so far. */
export interface AttemptsSoFar {
  /** Endpoints before this one to which the request was sent. */
  readonly tried: number;
  /** Attempts before this one that waited for a response. A refused connection does not count. */
  readonly waited: number;
  /** See candidatesLeft. */
  readonly candidatesLeft: number;
  /** The body can be sent again from its beginning. */
  readonly isBodyReplayable: boolean;
}

export type NextStep =
  /** The response goes to the client. */
  | 'relay'
  /** Send the request to the next candidate. */
  | 'try_next'
  /** Send it to the same endpoint over a new connection. */
  | 'try_fresh'
  /** The client gets the error of this attempt. */
  | 'give_up';

/**
 * Attempts beyond the first that may wait for a response: enough to get past a server that died, few enough that a
 * request which kills its servers does not reach all of them. Refused connections are cheap and do not count.
 */
const MAX_WAITING_RETRIES = 2;

/** When a request may go to another endpoint. */
export interface RetryRule {
  /** A response with one of these statuses is not relayed while another endpoint may give a better one. */
  readonly statuses: ReadonlySet<number>;
  /** Whether another endpoint is tried if no response begins. */
  readonly afterFailures: boolean;
  /** Endpoints to which a request may be sent; Infinity for no bound. */
  readonly maxEndpoints: number;
}

/** The rule of `proxy.retry` and `proxy.max_retries`. */
export function retryRule({ retry, max_retries: retries }: Settings['proxy']): RetryRule {
  const bounds = [retries === 0 ? 0 : retries + 1, retry.max_attempts].filter((bound) => bound > 0);
  return {
    statuses: new Set(retry.statuses),
    afterFailures: retry.on_connection_failure,
    maxEndpoints: retry.enabled ? Math.min(...bounds) : 1,
  };
}

/** The facts of a candidate that matter. */
interface StepCandidate {
  readonly rank: Candidate['rank'];
  readonly endpoint: { readonly status: Pick<Candidate['endpoint']['status'], 'serves'> };
}

/**
 * How many candidates a request may go on to. A fallback serves only if no endpoint of the models before it does: a
 * failed attempt alone must not give a client another model.
 *
 * @param isUnreachable the endpoint of the attempt could not be connected to, so that it no longer serves
 */
export function candidatesLeft(
  candidates: readonly StepCandidate[],
  index: number,
  isUnreachable: boolean,
): number {
  const rank = candidates[index]?.rank;
  const after = candidates.length - index - 1;
  if (after === 0) return 0;
  const alike = candidates.findLastIndex((candidate) => candidate.rank === rank) - index;
  if (alike > 0) return alike;
  // An endpoint with a probe did not serve before the attempt either.
  const before = candidates.slice(0, isUnreachable ? index : index + 1);
  return before.some(({ endpoint }) => endpoint.status.serves) ? 0 : after;
}

/** The one rule for the step after an attempt. Pure. */
export function nextStep(
  event: AttemptEvent,
  { tried, waited, candidatesLeft, isBodyReplayable }: AttemptsSoFar,
  rule: RetryRule,
): NextStep {
  const mayTryNext = candidatesLeft > 0 && isBodyReplayable && tried + 1 < rule.maxEndpoints;
  if (event.kind === 'head') {
    const mayRefuse = mayTryNext && waited < MAX_WAITING_RETRIES;
    return rule.statuses.has(event.status) && mayRefuse ? 'try_next' : 'relay';
  }
  const mayFailOver = mayTryNext && rule.afterFailures;
  const mayWaitAgain = mayFailOver && waited < MAX_WAITING_RETRIES;
  switch (event.failure.kind) {
    // The request itself is wrong, for every endpoint.
    case 'request':
    // The time for the whole response is over, for every endpoint.
    case 'total_timeout':
      return 'give_up';
    case 'connect':
      return mayFailOver ? 'try_next' : 'give_up';
    case 'reset':
      // The closing of an idle connection may have crossed the request on the wire (RFC 9112 §9.5).
      if (event.failure.reused && isBodyReplayable) return 'try_fresh';
      return mayWaitAgain ? 'try_next' : 'give_up';
    case 'head_timeout':
    case 'body_timeout':
    case 'truncated':
    case 'protocol':
      return mayWaitAgain ? 'try_next' : 'give_up';
  }
}
