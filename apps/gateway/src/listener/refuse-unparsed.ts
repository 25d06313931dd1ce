import { STATUS_CODES, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { OllaError, type ErrorCode } from '@olla/core/errors';
import { newRequestId } from '@olla/core/http/request-id';
import { REFUSED } from '../request/call.ts';
import { errorResponse } from '../request/error-response.ts';
import { RELAYED_METHODS, UNCLEAR_BODY } from '../request/head-rules.ts';
import { stopParsing } from './lingering-close.ts';

interface Refusal {
  readonly code: ErrorCode;
  readonly message: string;
}

const INVALID: Refusal = { code: 'BAD_REQUEST', message: 'the request is not valid HTTP/1.1' };

const PARSER_ERRORS: Readonly<Record<string, Refusal>> = {
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
  HPE_UNEXPECTED_CONTENT_LENGTH: { code: 'BAD_REQUEST', message: UNCLEAR_BODY },
  HPE_INVALID_TRANSFER_ENCODING: { code: 'BAD_REQUEST', message: UNCLEAR_BODY },
};

/**
 * Responds to messages that the HTTP parser refuses, in the form of every other error.
 *
 * @param cors flat headers of a response to a request without Origin, for that of this one is not known
 */
export function refuseUnparsed(error: NodeJS.ErrnoException, socket: Socket, cors: readonly string[]): void {
  if (!socket.writable || error.code === 'ECONNRESET' || error.code === 'EPIPE') {
    socket.destroy();
    return;
  }
  stopParsing(socket);
  const { code, message } = PARSER_ERRORS[error.code ?? ''] ?? INVALID;
  const refusal = new OllaError(code, message);
  const response = responseOn(socket);
  if (response === null) endWith(socket, refusal, cors);
  // The request that is being answered came whole, or has its whole answer: the fault is of what came behind it.
  else if (response.req.complete || response.writableEnded) endAfter(response, socket);
  // A response that is half out cannot become another.
  else if (response.headersSent) socket.destroy();
  // The path of the request answers it, so that the response has the request's own id and headers.
  else response.emit(REFUSED, refusal);
}

/** This is no proxy of the kind that opens tunnels. */
export function refuseConnect(socket: Socket, cors: readonly string[]): void {
  // Its response is all that is sent; what the other side does to the connection meanwhile is its own affair.
  socket.on('error', () => socket.destroy());
  stopParsing(socket);
  const refusal = new OllaError(
    'METHOD_NOT_ALLOWED',
    'CONNECT is not possible: this gateway opens no tunnels',
    {
      allow: RELAYED_METHODS,
    },
  );
  endWith(socket, refusal, cors);
}

/** The response under way on a connection, up to the moment that its last byte is with the system. */
export function responseOn(socket: Socket & { _httpMessage?: ServerResponse | null }): ServerResponse | null {
  return socket._httpMessage ?? null;
}

function endAfter(response: ServerResponse, socket: Socket): void {
  response.shouldKeepAlive = false;
  response.once('finish', () => socket.destroySoon());
}

function endWith(socket: Socket, refusal: OllaError, cors: readonly string[]): void {
  const { status, headers, body } = errorResponse(refusal);
  let head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n`;
  const all = [
    ...[...headers, 'X-Olla-Request-ID', newRequestId(), ...cors],
    ...['Content-Length', String(Buffer.byteLength(body)), 'X-Olla-Response-Time', '0ms'],
    ...['Date', new Date().toUTCString(), 'Connection', 'close'],
  ];
  for (let i = 0; i < all.length; i += 2) head += `${all[i]}: ${all[i + 1]}\r\n`;
  socket.write(`${head}\r\n${body}`);
  socket.destroySoon();
}
