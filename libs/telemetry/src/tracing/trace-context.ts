/** The content of a `traceparent` header (W3C Trace Context, level 2). */
export interface TraceContext {
  /** 32 lower-case hex digits, not all zero. */
  readonly traceId: string;
  /** The caller's span: 16 lower-case hex digits, not all zero. */
  readonly spanId: string;
  readonly sampled: boolean;
  /** Flags beside `sampled` that must be passed on: 2 if the trace id is random. */
  readonly otherFlags: number;
}

export const SAMPLED_FLAG = 0x01;
const RANDOM_FLAG = 0x02;

const FORM = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(-.*)?$/;
const VERSION_00_LENGTH = 55;
const NO_TRACE = '0'.repeat(32);
const NO_SPAN = '0'.repeat(16);

/** Parses a `traceparent`. @returns null if it is invalid; the standard then starts a new trace */
export function parseTraceparent(header: string): TraceContext | null {
  if (!FORM.test(header)) return null;
  const version = header.slice(0, 2);
  const traceId = header.slice(3, 35);
  const spanId = header.slice(36, 52);
  const flags = Number.parseInt(header.slice(53, 55), 16);
  // Version 00 ends here, only later versions may add fields, and ff is invalid (W3C Trace Context, section 3.2).
  if (version === 'ff' || (version === '00' && header.length > VERSION_00_LENGTH)) return null;
  if (traceId === NO_TRACE || spanId === NO_SPAN) return null;
  return { traceId, spanId, sampled: (flags & SAMPLED_FLAG) !== 0, otherFlags: flags & RANDOM_FLAG };
}

export function formatTraceparent(traceId: string, spanId: string, flags: number): string {
  return `00-${traceId}-${spanId}-0${flags}`;
}
