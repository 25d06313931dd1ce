import { CHAT_COMPLETION, STREAM_END, STREAM_EVENT } from '../traffic/payloads.ts';

const STREAM_HEAD = Buffer.from(
  'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n\r\n',
);

/** Whole responses and parts of streams, as the bytes that are sent. */
export const CHUNKED_EVENT = encodeChunk(STREAM_EVENT);
export const FIRST_EVENT = Buffer.concat([STREAM_HEAD, CHUNKED_EVENT]);
export const CHUNKED_END = Buffer.concat([encodeChunk(Buffer.from(STREAM_END)), Buffer.from('0\r\n\r\n')]);
export const JSON_RESPONSE = jsonResponse(200, CHAT_COMPLETION);
/** The response of an OTLP collector that accepted all spans. */
export const EMPTY_RESPONSE = Buffer.from(
  'HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\n\r\n',
);
export const NOT_FOUND = jsonResponse(
  404,
  Buffer.from('{"error":{"message":"the bench backend has no such path or model"}}'),
);

/** A whole keep-alive response with a JSON body. */
export function jsonResponse(status: 200 | 404, body: Buffer): Buffer {
  const reason = status === 200 ? 'OK' : 'Not Found';
  const head = `HTTP/1.1 ${status} ${reason}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), body]);
}

function encodeChunk(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]);
}
