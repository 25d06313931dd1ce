import { STATUS_CODES } from 'node:http';
import type { Exchange } from '../../http/exchange.ts';
import type { ApiError, Flavour } from './flavour.ts';

export function sendJson(exchange: Exchange, flavour: Flavour, status: number, value: unknown): void {
  sendText(exchange, flavour, { status, contentType: flavour.jsonType, body: JSON.stringify(value) });
}

export interface TextAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  readonly extra?: readonly string[];
}

export function sendText(
  exchange: Exchange,
  flavour: Flavour,
  { status, contentType, body, extra = [] }: TextAnswer,
): void {
  const length = [flavour.lengthHeader, String(Buffer.byteLength(body))];
  const after = exchange.wantsClose ? 'close' : 'keep';
  exchange.respond(
    status,
    STATUS_CODES[status] ?? '',
    [...flavour.headers(exchange, contentType), ...extra, ...length, ...flavour.tail(exchange)],
    body,
    after,
  );
}

export function sendError(exchange: Exchange, flavour: Flavour, error: ApiError): void {
  sendJson(exchange, flavour, error.status, flavour.errorBody(error));
}

export function startStream(exchange: Exchange, flavour: Flavour): void {
  exchange.start(
    200,
    'OK',
    [
      ...flavour.headers(exchange, flavour.streamType),
      ...flavour.tail(exchange),
      'Transfer-Encoding',
      'chunked',
    ],
    flavour.headWithSlot,
  );
}
