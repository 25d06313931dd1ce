import { chatRequestBody } from '../traffic/payloads.ts';
import type { LoadSpec } from './load-spec.ts';

/** A load that runs until it is stopped. */
export interface Load {
  start(): void;
  stop(): void;
  /** Resolves once every connection has had a first body byte. */
  readonly allOpen: Promise<void>;
}

/** The bytes of every request of a load, head and body. */
export function requestOf(spec: LoadSpec): Buffer {
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
