import type { IncomingMessage } from 'node:http';
import { OllaError } from '@olla/core/errors';

/** For the Allow header (RFC 9110 §10.2.1). */
export const RELAYED_METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/** For a request whose headers do not define one end and one coding of its body. */
export const UNCLEAR_BODY =
  'the headers do not define how the body is framed. Send one Content-Length, or Transfer-Encoding: chunked alone';

/** Refuses requests that no route may get, by the head alone. @throws OllaError BAD_REQUEST, METHOD_NOT_ALLOWED */
export function checkHead({ method, headers, rawHeaders, httpVersionMinor }: IncomingMessage): void {
  // RFC 9112 §3.2.
  if (headers.host === undefined && httpVersionMinor > 0)
    throw new OllaError('BAD_REQUEST', 'the request has no Host header, which HTTP/1.1 demands');
  let hosts = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i];
    if (name?.length === 4 && name.toLowerCase() === 'host') hosts += 1;
  }
  if (hosts > 1) throw new OllaError('BAD_REQUEST', 'the request has more than one Host header');
  // The parser undoes only the chunked coding: a body with another one before it would reach the backend unchanged, and
  // without the header that names it (RFC 9112 §6.1). That suggests 501; the contract has no such status, and 400 ends
  // the connection as well.
  const coding = headers['transfer-encoding'];
  if (coding !== undefined && coding.toLowerCase() !== 'chunked')
    throw new OllaError('BAD_REQUEST', UNCLEAR_BODY);
  // A server that obeys TRACE returns the request, the endpoint's own credentials included (RFC 9110 §9.3.8).
  if (method === 'TRACE')
    throw new OllaError('METHOD_NOT_ALLOWED', 'TRACE is not relayed', {
      allow: RELAYED_METHODS,
    });
}
