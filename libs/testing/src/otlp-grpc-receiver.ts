import {
  createServer,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { createSpanDecoder, type ReceivedSpan } from './otlp-receiver.ts';

export interface OtlpGrpcReceiver {
  /** For OTEL_EXPORTER_OTLP_ENDPOINT. */
  readonly url: string;
  readonly spans: ReceivedSpan[];
  close(): Promise<void>;
}

const EXPORT = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';
/** Length of the prefix of each message: one byte for compression, four for its length. */
const PREFIX_BYTES = 5;

/** A collector's OTLP/gRPC side for traces, without TLS and compression. */
export async function startOtlpGrpcReceiver(): Promise<OtlpGrpcReceiver> {
  const decode = createSpanDecoder();
  const spans: ReceivedSpan[] = [];
  const sessions = new Set<ServerHttp2Session>();
  const server = createServer();
  server.on('session', (session) => {
    sessions.add(session);
    session.on('close', () => sessions.delete(session));
  });
  server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => {
      const known = headers[':path'] === EXPORT;
      if (known) spans.push(...decode(Buffer.concat(chunks).subarray(PREFIX_BYTES)));
      stream.respond({ 'content-type': 'application/grpc' }, { waitForTrailers: true });
      // Status 12 is UNIMPLEMENTED.
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': known ? '0' : '12' }));
      stream.end(Buffer.alloc(PREFIX_BYTES));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    spans,
    async close() {
      for (const session of sessions) session.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
