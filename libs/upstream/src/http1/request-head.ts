/** A request holds something that a head on the wire cannot carry. */
export class BadRequestError extends Error {
  readonly code = 'BAD_REQUEST_HEAD';

  constructor(message: string) {
    super(message);
    this.name = 'BadRequestError';
  }
}

const BAD_TARGET = /[^\x21-\x7e\x80-\xff]/;
const BAD_VALUE = /[\0\r\n]|[^\x00-\xff]/;

export interface RequestHead {
  readonly text: string;
  /** Bytes of the body that the headers announce; null where they announce none. */
  readonly contentLength: number | null;
}

/**
 * The head of a request in its wire format. Rejects every character that would start another line or another request
 * (RFC 9112 §11.1), from any source.
 *
 * @param headers flat `[name, value, …]`, without Transfer-Encoding
 * @param body its bytes if it is complete, `stream` if it comes in pieces, null if there is none
 * @throws BadRequestError
 */
export function requestHead(
  method: string,
  path: string,
  headers: readonly string[],
  body: Buffer | 'stream' | null,
): RequestHead {
  if (BAD_TARGET.test(path))
    throw new BadRequestError('the path holds characters that a request line cannot carry');
  let text = `${method} ${path} HTTP/1.1\r\n`;
  let announced: number | null = null;
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i] as string;
    const value = headers[i + 1] as string;
    if (BAD_VALUE.test(value))
      throw new BadRequestError(`the header ${name} holds a line break or a wide character`);
    if (name.length === 14 && name.toLowerCase() === 'content-length') announced = Number(value);
    text += `${name}: ${value}\r\n`;
  }
  if (body === 'stream') {
    if (announced === null) text += 'Transfer-Encoding: chunked\r\n';
  } else if (body !== null) {
    if (announced === null) text += `Content-Length: ${body.length}\r\n`;
    else if (announced !== body.length)
      throw new BadRequestError('the body is not as long as Content-Length says');
    announced = body.length;
  } else if (announced !== null && announced !== 0) {
    throw new BadRequestError('Content-Length announces a body, but the request has none');
  }
  return { text: `${text}\r\n`, contentLength: announced };
}
