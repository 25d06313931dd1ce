import type { UpstreamFailure } from '@olla/upstream/upstream';

/** How an attempt at one endpoint ended. */
export type AttemptResult =
  /** The response was relayed to its end. */
  | { readonly kind: 'relayed'; readonly status: number; readonly retryAfterMs: number | null }
  /** The response had begun and broke off; the client was told in the stream's own way. */
  | { readonly kind: 'broken'; readonly status: number; readonly failure: UpstreamFailure }
  /** The stream ended in order on the wire, but without its dialect's end; the client was told in the same way. */
  | { readonly kind: 'unfinished'; readonly status: number }
  /** The head of a response came and was discarded: nothing was sent to the client. */
  | { readonly kind: 'discarded'; readonly status: number; readonly retryAfterMs: number | null }
  /** No head came: nothing was sent to the client. */
  | { readonly kind: 'failed'; readonly failure: UpstreamFailure }
  /** The request was aborted while the attempt ran. */
  | { readonly kind: 'aborted' };
