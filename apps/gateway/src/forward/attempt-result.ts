import type { UpstreamFailure } from '@olla/upstream/upstream';

/** How an attempt at one endpoint ended. */
export type AttemptResult =
  /** The whole response was relayed. */
  | { readonly kind: 'relayed'; readonly status: number; readonly retryAfterMs: number | null }
  /** The response had begun and broke off; the stream's own error format informed the client. */
  | { readonly kind: 'broken'; readonly status: number; readonly failure: UpstreamFailure }
  /**
   * The stream ended correctly on the wire, but without its dialect's end mark; the client was informed in the same
   * way.
   */
  | { readonly kind: 'unfinished'; readonly status: number }
  /** The head of a response arrived and was discarded: nothing was sent to the client. */
  | { readonly kind: 'discarded'; readonly status: number; readonly retryAfterMs: number | null }
  /** No head arrived: nothing was sent to the client. */
  | { readonly kind: 'failed'; readonly failure: UpstreamFailure }
  /** The request was aborted while the attempt ran. */
  | { readonly kind: 'aborted' };
