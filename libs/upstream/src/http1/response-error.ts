/** The peer's bytes are not an HTTP/1.1 response. `code` starts with `HPE_`, as the parser of Node names such errors. */
export class ResponseError extends Error {
  readonly code: string;

  /** @param message names the header, for logs: it may have bytes of the peer */
  constructor(code: string, message: string) {
    super(message);
    this.name = 'ResponseError';
    this.code = code;
  }
}

/** Larger than the head of any inference server. */
export const MAX_HEAD_BYTES = 64 * 1024;

export function badLength(message: string): ResponseError {
  return new ResponseError('HPE_INVALID_CONTENT_LENGTH', message);
}

export function badHeader(line: string): ResponseError {
  return new ResponseError('HPE_INVALID_HEADER_TOKEN', `the header line ${quoted(line)} is not valid`);
}

export function bareLf(): ResponseError {
  return new ResponseError('HPE_CR_EXPECTED', 'a line of the head ends in LF in place of CRLF');
}

export function notHttp(start: string): ResponseError {
  return new ResponseError(
    'HPE_INVALID_CONSTANT',
    `the response begins with ${quoted(start)}, which is not HTTP/1.x`,
  );
}

export function headTooLarge(): ResponseError {
  return new ResponseError('HPE_HEADER_OVERFLOW', `the head is larger than ${MAX_HEAD_BYTES} bytes`);
}

/** Quotes the beginning of what a server sent, long enough to recognize it. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 57)}...` : text);
}
