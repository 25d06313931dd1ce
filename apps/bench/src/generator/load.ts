import { chatRequestBody } from '../traffic/payloads.ts';
import type { LoadSpec } from './load-spec.ts';

/** A load that runs until it is stopped. */
export interface Load {
  start(): void;
  stop(): void;
  /** Resolves when every connection has had a first body byte. */
  readonly allOpen: Promise<void>;
}

/** Head and body of the one request that a load repeats. */
export function encodeRequest(spec: LoadSpec): Buffer {
  const body = chatRequestBody(spec.model, spec.requestBytes, spec.stream);
  const lines = [
    `POST ${spec.path} HTTP/1.1`,
    `Host: 127.0.0.1:${spec.port}`,
    'User-Agent: olla-bench',
    `Accept: ${spec.stream ? 'text/event-stream' : 'application/json'}`,
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
    ...(spec.connectionClose ? ['Connection: close'] : []),
  ];
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), body]);
}
