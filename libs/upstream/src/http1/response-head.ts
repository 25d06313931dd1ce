import { badHeader, badLength, bareLf, notHttp, quoted, ResponseError } from './response-error.ts';

const LF = 0x0a;
const CR = 0x0d;

/** Status line and headers of a response. */
export interface ResponseHead {
  readonly status: number;
  /** The digit x of HTTP/1.x. */
  readonly minor: number;
  readonly rawHeaders: string[];
}

/** @param head status line and header lines, without the empty line at the end */
export function parseHead(head: string): ResponseHead {
  let lineEnd = head.indexOf('\r\n');
  if (lineEnd < 0) lineEnd = head.length;
  const match = STATUS_LINE.exec(head.slice(0, lineEnd));
  if (match === null) throw BARE_LF.test(head) ? bareLf() : notHttp(head.slice(0, lineEnd));
  // One search in the whole head finds bare CR and LF and other control characters.
  if (FORBIDDEN.test(head)) throw BARE_LF.test(head) ? bareLf() : badHeader(lineWith(head, FORBIDDEN));
  const rawHeaders: string[] = [];
  let at = lineEnd + 2;
  while (at < head.length) {
    let end = head.indexOf('\r\n', at);
    if (end < 0) end = head.length;
    const colon = head.indexOf(':', at);
    if (colon <= at || colon >= end) throw badHeader(head.slice(at, end));
    const name = head.slice(at, colon);
    const value = head.slice(colon + 1, end).trim();
    if (!isToken(name)) throw badHeader(head.slice(at, end));
    rawHeaders.push(name, value);
    at = end + 2;
  }
  return { status: Number(match[2]), minor: Number(match[1]), rawHeaders };
}

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9][0-9]{2})(?: .*)?$/;
const FORBIDDEN = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)|^\n|[^\r]\n/;
const BARE_LF = /(?:^|[^\r])\n/;
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const MAX_KNOWN_TOKENS = 2_048;
const knownTokens = new Set<string>();

/** Names recur, and a lookup is cheaper than a match. */
function isToken(name: string): boolean {
  if (knownTokens.has(name)) return true;
  if (!TOKEN.test(name)) return false;
  if (knownTokens.size < MAX_KNOWN_TOKENS && name.length <= 64) knownTokens.add(name);
  return true;
}

/** How the body of a response ends, and whether its connection can be reused. */
export interface Framing {
  readonly chunked: boolean;
  /** Null where the head announces none. */
  readonly length: number | null;
  readonly keepAlive: boolean;
  readonly keepAliveS: number | null;
}

/**
 * RFC 9112 §6.3 and §9.3. Two faults of real servers are accepted, because the length of the body is still certain:
 * `chunked` named twice, and the coding `identity` of RFC 2616. The connection is closed after such a response.
 */
export function readFraming(rawHeaders: readonly string[], minor: number): Framing {
  let length: number | null = null;
  let chunked = false;
  let isFaulty = false;
  let keepAlive = minor === 1;
  let keepAliveS: number | null = null;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    // The lengths of content-length, transfer-encoding, connection and keep-alive.
    if (name.length !== 14 && name.length !== 17 && name.length !== 10) continue;
    const value = rawHeaders[i + 1] as string;
    const lower = name.toLowerCase();
    if (lower === 'content-length') length = contentLength(value, length);
    else if (lower === 'transfer-encoding') {
      const codings = value.toLowerCase().split(',');
      const isNamed = codings.map((coding) => isChunked(coding.trim(), value)).includes(true);
      isFaulty ||= chunked || codings.length > 1 || !isNamed;
      chunked ||= isNamed;
    } else if (lower === 'connection') {
      const options = value.toLowerCase();
      if (options.includes('close')) keepAlive = false;
      else if (minor === 0 && options.includes('keep-alive')) keepAlive = true;
    } else if (lower === 'keep-alive') {
      const seconds = /(?:^|[\s,;])timeout=(\d{1,6})/i.exec(value)?.[1];
      if (seconds !== undefined) keepAliveS = Number(seconds);
    }
  }
  if (chunked && length !== null)
    throw new ResponseError(
      'HPE_UNEXPECTED_CONTENT_LENGTH',
      'Content-Length and Transfer-Encoding: chunked stand in one response',
    );
  return { chunked, length, keepAlive: keepAlive && !isFaulty, keepAliveS };
}

function isChunked(coding: string, value: string): boolean {
  if (coding === 'chunked') return true;
  if (coding === 'identity') return false;
  throw new ResponseError(
    'HPE_INVALID_TRANSFER_ENCODING',
    `Transfer-Encoding is ${quoted(value)}, which is not supported`,
  );
}

function contentLength(value: string, earlier: number | null): number {
  if (!/^\d{1,15}$/.test(value)) throw badLength(`Content-Length is ${quoted(value)}, which is no length`);
  const length = Number(value);
  if (earlier !== null && earlier !== length)
    throw badLength(`Content-Length is both ${earlier} and ${length}`);
  return length;
}

/**
 * Whether a line of a head ends in LF alone. Such a head may never end in CRLF.
 *
 * @param from index of the first byte that has not been checked yet
 */
export function hasBareLf(head: Buffer, from: number): boolean {
  for (let at = head.indexOf(LF, from); at !== -1; at = head.indexOf(LF, at + 1))
    if (at === 0 || head[at - 1] !== CR) return true;
  return false;
}

/** The line of a head in which a pattern is found. */
function lineWith(head: string, pattern: RegExp): string {
  const at = pattern.exec(head)?.index ?? 0;
  const end = head.indexOf('\r\n', at);
  return head.slice(head.lastIndexOf('\n', at) + 1, end === -1 ? undefined : end);
}
