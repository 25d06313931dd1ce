import type { ErrorCode } from '@olla/core/errors';
import type { Candidate } from '@olla/core/route-plan/fleet-view';

/** How a request ended, whichever way. Immutable; its response is on its way, or will never be. */
export interface Outcome {
  readonly kind:
    /** By the gateway itself: system endpoints, listings, preflights. */
    | 'answered'
    /** An endpoint's response was relayed to its end. */
    | 'relayed'
    /** An endpoint's response broke off after it had begun. */
    | 'broken'
    /** Refused, or no endpoint answered: the client got `error`. */
    | 'failed'
    /** Aborted before a response began, or while it was relayed. */
    | 'aborted';
  /** Code of the error that the client got, or would have got. */
  readonly error: ErrorCode | null;
  /** Bytes of the response's body, and when the first of them went; monotonic milliseconds. */
  readonly bytesOut: number;
  readonly firstByteAt: number | null;
  /** The last attempt at an endpoint; null where there was none. */
  readonly attempt: LastAttempt | null;
}

/** What the record of a request says of its last attempt. */
export interface LastAttempt {
  readonly candidate: Candidate;
  /** Status of the response as far as it was relayed; null where none was. */
  readonly relayedStatus: number | null;
  /** Endpoints that were tried before and did not answer. */
  readonly retries: number;
  /** As the backend reports them; 0 if it does not. */
  readonly tokensIn: number;
  readonly tokensOut: number;
}
