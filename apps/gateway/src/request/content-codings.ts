import { OllaError } from '@olla/core/errors';

/** Content codings that are undone (RFC 9110 §8.4.1, RFC 7932, RFC 8878). */
export const KNOWN_CODINGS = ['gzip', 'deflate', 'br', 'zstd'] as const;

export type ContentCoding = (typeof KNOWN_CODINGS)[number];

/** Each coding multiplies the size that few bytes can decode to. No client needs more codings. */
const MAX_CODINGS = 2;
const NONE: readonly ContentCoding[] = [];

/**
 * The codings of a body in the order in which they were applied.
 *
 * @throws OllaError UNSUPPORTED_ENCODING for an unknown one, and for too many
 */
export function contentCodings(header: string | undefined): readonly ContentCoding[] {
  if (header === undefined) return NONE;
  const names = header
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '' && name !== 'identity');
  const codings = names.map(codingOf).filter((coding) => coding !== undefined);
  if (codings.length < names.length)
    throw new OllaError(
      'UNSUPPORTED_ENCODING',
      `the body has a Content-Encoding that the gateway cannot undo. It can undo ${KNOWN_CODINGS.join(', ')}`,
    );
  if (codings.length > MAX_CODINGS)
    throw new OllaError(
      'UNSUPPORTED_ENCODING',
      `the body has more than ${String(MAX_CODINGS)} content codings. Compress it once`,
    );
  return codings;
}

function codingOf(name: string): ContentCoding | undefined {
  // RFC 9110 §8.4.1.3.
  const plain = name === 'x-gzip' ? 'gzip' : name;
  return KNOWN_CODINGS.find((coding) => coding === plain);
}
