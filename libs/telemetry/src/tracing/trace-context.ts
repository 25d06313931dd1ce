/** What a caller's `traceparent` says (W3C Trace Context, level 2). */
export interface TraceContext {
  /** 32 lower-case hex digits, not all zero. */
  readonly traceId: string;
  /** 16 lower-case hex digits, not all zero: the caller's span. */
  readonly spanId: string;
  readonly sampled: boolean;
  /** Flags beside `sampled` that have to travel on: 2 if the trace id is random. */
  readonly otherFlags: number;
}

export const SAMPLED_FLAG = 0x01;
const RANDOM_FLAG = 0x02;

const FORM = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const NO_TRACE = '0'.repeat(32);
const NO_SPAN = '0'.repeat(16);

/** Null for whatever the standard calls invalid: the trace then starts anew. */
export function parseTraceparent(header: string): TraceContext | null {
  const parts = FORM.exec(header);
  if (parts === null) return null;
  const [, version, traceId, spanId, flagDigits, more] = parts as unknown as [
    string,
    string,
    string,
    string,
    string,
    string | undefined,
  ];
  // Only versions to come may add fields, and ff is none.
  if (version === 'ff' || (version === '00' && more !== undefined)) return null;
  if (traceId === NO_TRACE || spanId === NO_SPAN) return null;
  const flags = Number.parseInt(flagDigits, 16);
  return { traceId, spanId, sampled: (flags & SAMPLED_FLAG) !== 0, otherFlags: flags & RANDOM_FLAG };
}

export function formatTraceparent(traceId: string, spanId: string, flags: number): string {
  return `00-${traceId}-${spanId}-0${flags}`;
}
