import { STATUS_CODES, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { errorBody, ERRORS, OllaError, type ErrorCode } from '@olla/core/errors';
import { newRequestId } from '@olla/core/http/request-id';

/**
 * Event of an answer whose request turned out to be faulty while its body was read; carries an OllaError. The path of
 * the request answers it, so that the answer has the request's own id and headers.
 */
export const REFUSED = Symbol('refused');

const CONFLICTING_LENGTHS =
  'the headers of the request say different things of the length of its body. Send one Content-Length or Transfer-Encoding: chunked, not both';

const PARSER_ERRORS: Readonly<Record<string, { code: ErrorCode; message: string }>> = {
  HPE_HEADER_OVERFLOW: {
    code: 'HEADERS_TOO_LARGE',
    message: 'the head of the request is larger than server.request_limits.max_header_size allows',
  },
  ERR_HTTP_REQUEST_TIMEOUT: {
    code: 'REQUEST_TIMEOUT',
    message:
      'the request did not arrive whole within server.read_header_timeout (its head) or server.read_timeout (all of it)',
  },
  HPE_INVALID_EOF_STATE: { code: 'BAD_REQUEST', message: 'the request broke off before its end' },
  HPE_UNEXPECTED_CONTENT_LENGTH: { code: 'BAD_REQUEST', message: CONFLICTING_LENGTHS },
  HPE_INVALID_TRANSFER_ENCODING: { code: 'BAD_REQUEST', message: CONFLICTING_LENGTHS },
};

/**
 * Answers what the HTTP parser refuses, and what never becomes a request therefore, in the form of every other error.
 *
 * @param cors flat headers of an answer to a request without Origin, for that of this one is not known
 */
export function refuseUnparsed(error: NodeJS.ErrnoException, socket: Socket, cors: readonly string[]): void {
  if (!socket.writable || error.code === 'ECONNRESET' || error.code === 'EPIPE') {
    socket.destroy();
    return;
  }
  const { code, message } = PARSER_ERRORS[error.code ?? ''] ?? {
    code: 'BAD_REQUEST' as const,
    message: 'the request is not valid HTTP/1.1',
  };
  const answer = answerOn(socket);
  if (answer === null) endWith(socket, code, message, cors);
  // The request that is being answered came whole: the fault is of what came behind it.
  else if (answer.req.complete) endAfter(answer, socket);
  // An answer that is half out cannot become another.
  else if (answer.headersSent) socket.destroy();
  else answer.emit(REFUSED, new OllaError(code, message));
}

/** This is no proxy of the kind that opens tunnels. */
export function refuseConnect(socket: Socket, cors: readonly string[]): void {
  // Its answer is all that is sent; what the other side does to the connection meanwhile is its own affair.
  socket.on('error', () => socket.destroy());
  const allow = ['Allow', 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS'];
  endWith(socket, 'METHOD_NOT_ALLOWED', 'CONNECT is not possible: this gateway opens no tunnels', [
    ...allow,
    ...cors,
  ]);
}

/** The answer under way on a connection, up to the moment that its last byte is with the system. */
export function answerOn(socket: Socket & { _httpMessage?: ServerResponse | null }): ServerResponse | null {
  return socket._httpMessage ?? null;
}

function endAfter(answer: ServerResponse, socket: Socket): void {
  answer.shouldKeepAlive = false;
  answer.once('finish', () => socket.destroySoon());
}

function endWith(socket: Socket, code: ErrorCode, message: string, headers: readonly string[]): void {
  const { status } = ERRORS[code];
  const body = errorBody(code, message);
  let head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n`;
  const all = [
    ...['X-Olla-Request-ID', newRequestId(), ...headers, 'Content-Type', 'application/json'],
    ...['Content-Length', String(Buffer.byteLength(body)), 'X-Olla-Response-Time', '0ms'],
    ...['Date', new Date().toUTCString(), 'Connection', 'close'],
  ];
  for (let i = 0; i < all.length; i += 2) head += `${all[i]}: ${all[i + 1]}\r\n`;
  socket.end(`${head}\r\n${body}`);
}
