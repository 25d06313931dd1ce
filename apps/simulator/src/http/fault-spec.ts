/**
 * What a simulated server can do wrong:
 * - `refuse`: closes the port and the idle connections. Running requests go on; `how: 'reset'` resets them too.
 * - `reset`: resets the connection when the head of the request has arrived
 * - `hang-before-head`: reads the request and sends nothing
 * - `hang-after-head`: sends the head of the response, then nothing
 * - `status`: answers at once with `status` (default 500), `retryAfterS` and `body`, and does no work
 * - `slow`: delays the head by `delayMs` and sends the body at `bytesPerS`
 * - `die-mid-stream`: resets the connection after `afterChunks` chunks (default 1), or ends it (`how: 'close'`)
 * - `garbage`: sends bytes that are not HTTP in place of a head, then ends the connection
 * - `close-idle`: closes the connection `delayMs` (default 0) after a response that announced keep-alive
 */
export const FAULT_KINDS = [
  'refuse',
  'reset',
  'hang-before-head',
  'hang-after-head',
  'status',
  'slow',
  'die-mid-stream',
  'garbage',
  'close-idle',
] as const;

export type FaultKind = (typeof FAULT_KINDS)[number];

export interface FaultSpec {
  readonly kind: FaultKind;
  /** Requests to affect before the fault ends; without it, the fault lasts until it is cleared. */
  readonly count?: number | undefined;
  /** Share of the matching requests to affect, 0 to 1. */
  readonly probability?: number | undefined;
  /** Affects only request targets that start with this. */
  readonly path?: string | undefined;
  readonly method?: string | undefined;
  readonly status?: number | undefined;
  readonly retryAfterS?: number | undefined;
  readonly body?: string | undefined;
  /** Real milliseconds: the time scale does not apply to faults. */
  readonly delayMs?: number | undefined;
  /** Bytes per real second. */
  readonly bytesPerS?: number | undefined;
  readonly afterChunks?: number | undefined;
  readonly how?: 'reset' | 'close' | undefined;
}
