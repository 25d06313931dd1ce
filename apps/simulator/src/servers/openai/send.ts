import type { Exchange, FlatHeaders } from '../../http/exchange.ts';
import type { ApiError, ApiVariant } from './api-variant.ts';

export function sendJson(exchange: Exchange, variant: ApiVariant, status: number, value: unknown): void {
  sendText(exchange, variant, { status, contentType: variant.jsonType, body: JSON.stringify(value) });
}

export interface TextResponse {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

export function sendText(
  exchange: Exchange,
  variant: ApiVariant,
  { status, contentType, body }: TextResponse,
): void {
  const headers: FlatHeaders = [
    ...variant.headers(exchange, contentType),
    ...[variant.contentLengthName, String(Buffer.byteLength(body))],
    ...variant.trailingHeaders(exchange),
  ];
  exchange.respond({ status, headers, body, after: exchange.clientCloses ? 'close' : 'keep' });
}

/** The empty 200 of uvicorn, which several servers send as their health. */
export function sendEmptyHealth(exchange: Exchange): void {
  const headers = ['date', new Date().toUTCString(), 'server', 'uvicorn', 'content-length', '0'];
  exchange.respond({ status: 200, headers, body: '' });
}

export function sendError(exchange: Exchange, variant: ApiVariant, error: ApiError): void {
  sendJson(exchange, variant, error.status, variant.errorBody(error));
}

export function startStream(exchange: Exchange, variant: ApiVariant): void {
  const headers = [
    ...variant.headers(exchange, variant.streamType),
    ...variant.trailingHeaders(exchange),
    ...['Transfer-Encoding', 'chunked'],
  ];
  exchange.writeHead({ status: 200, headers }, variant.headOnSlot);
}
