import type { ErrorCode } from '@olla/core/errors';
import type { Candidate } from '@olla/core/route-plan/fleet-view';

/** How a request ended. Immutable; its response is on its way, or will never be sent. */
export interface Outcome {
  readonly kind:
    /** By the gateway itself: system endpoints, listings, preflights. */
    | 'answered'
    /** An endpoint's whole response was relayed. */
    | 'relayed'
    /** An endpoint's response broke off after it had begun. */
    | 'broken'
    /** Refused, or no endpoint answered: the client got `error`. */
    | 'failed'
    /** Aborted before a response began, or while it was relayed. */
    | 'aborted';
  /** Code of the error that the client got, or would have got. */
  readonly error: ErrorCode | null;
  /** Bytes of the response's body, and when the first of them was sent; monotonic milliseconds. */
  readonly bytesOut: number;
  readonly firstByteAt: number | null;
  /** The last attempt at an endpoint; null if there was none. */
  readonly attempt: LastAttempt | null;
}

/** The data about its last attempt in the record of a request. */
export interface LastAttempt {
  readonly candidate: Candidate;
  /** Status of the response as far as it was relayed; null if none was. */
  readonly relayedStatus: number | null;
  /** Endpoints that were tried before and did not answer. */
  readonly retries: number;
  /** As the backend reports them; 0 if it does not. */
  readonly tokensIn: number;
  readonly tokensOut: number;
}
