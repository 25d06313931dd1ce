import type { UpstreamFailure } from '@olla/upstream/upstream';

/** What an attempt at one endpoint has come to before anything was sent to the client. */
export type AttemptEvent =
  /** The head of a response has come. */
  | { readonly kind: 'head'; readonly status: number }
  /** No head will come. */
  | { readonly kind: 'failed'; readonly failure: Pick<UpstreamFailure, 'kind' | 'reused'> };

/** The attempts of a request so far. */
export interface AttemptsSoFar {
  /** Attempts before this one that waited for a response. A refused connection is none. */
  readonly waited: number;
  readonly candidatesLeft: number;
  /** Nothing of the body was sent that could not be sent again. */
  readonly isBodyReplayable: boolean;
}

export type NextStep =
  /** The response is the client's. */
  | 'relay'
  /** Send the request to the next candidate. */
  | 'try_next'
  /** Send it to the same endpoint over a connection that was not used before. */
  | 'try_fresh'
  /** The client gets the error of this attempt. */
  | 'give_up';

/**
 * Attempts beyond the first that may wait for a response: enough to get past a server that died, few enough that one
 * request which kills its servers does not visit all of them. Refused connections cost nothing and do not count.
 */
const MAX_WAITING_RETRIES = 2;

/**
 * The one rule for what follows an attempt. Pure.
 *
 * @param retryStatuses `proxy.retry.statuses`: with one of these a response is not relayed while another endpoint may
 *   do better
 */
export function nextStep(
  event: AttemptEvent,
  { waited, candidatesLeft, isBodyReplayable }: AttemptsSoFar,
  retryStatuses: ReadonlySet<number>,
): NextStep {
  const mayWaitAgain = candidatesLeft > 0 && isBodyReplayable && waited < MAX_WAITING_RETRIES;
  if (event.kind === 'head') return retryStatuses.has(event.status) && mayWaitAgain ? 'try_next' : 'relay';
  switch (event.failure.kind) {
    // The request itself is at fault, at every endpoint.
    case 'request':
    // The time for the whole response is over, whichever endpoint it would be from.
    case 'total_timeout':
      return 'give_up';
    case 'connect':
      return candidatesLeft > 0 && isBodyReplayable ? 'try_next' : 'give_up';
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
