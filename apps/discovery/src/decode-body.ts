import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate, inflateRaw, zstdDecompress } from 'node:zlib';

type Decoder = (body: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>;

const inflateZlib = promisify(inflate);
const inflateBare = promisify(inflateRaw);

/** Content codings of RFC 9110 §8.4.1, and those in use beside them. */
const DECODERS: ReadonlyMap<string, Decoder> = new Map<string, Decoder>([
  ['gzip', promisify(gunzip)],
  ['x-gzip', promisify(gunzip)],
  // Some servers send it without the zlib header that the standard asks for.
  ['deflate', (body, options) => inflateZlib(body, options).catch(() => inflateBare(body, options))],
  ['br', promisify(brotliDecompress)],
  ['zstd', promisify(zstdDecompress)],
]);
/** No server has a reason to send more. */
const MAX_CODINGS = 2;

/** A body cannot be decoded. The message follows "answered with". */
export class UndecodableError extends Error {}

/**
 * Decodes the body of a server that compresses although it was asked not to.
 *
 * @param encoding value of Content-Encoding
 * @throws UndecodableError for a coding that is not known, bytes that are not in it, or more than `maxBytes`
 */
export async function decodeBody(body: Buffer, encoding: string, maxBytes: number): Promise<Buffer> {
  const codings = encoding
    .toLowerCase()
    .split(',')
    .map((coding) => coding.trim())
    .filter((coding) => coding !== '' && coding !== 'identity');
  if (codings.length > MAX_CODINGS) throw new UndecodableError('too many content codings');
  let decoded = body;
  for (const coding of codings.reverse()) {
    const decode = DECODERS.get(coding);
    if (decode === undefined)
      throw new UndecodableError('a content coding that is not gzip, deflate, br or zstd');
    try {
      decoded = await decode(decoded, { maxOutputLength: maxBytes });
    } catch (error) {
      const isTooLong = error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE';
      throw new UndecodableError(
        isTooLong ? `more than ${maxBytes} bytes` : `a body that is not in its Content-Encoding, ${coding}`,
        { cause: error },
      );
    }
  }
  return decoded;
}
