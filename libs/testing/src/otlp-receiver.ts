import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import protobuf from 'protobufjs';

export type AttributeValue = string | number | boolean;

/** A span as a collector stores it. Ids are hex; times are epoch milliseconds. */
export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Empty for a root. */
  readonly parentSpanId: string;
  readonly traceState: string;
  readonly name: string;
  readonly kind: 'server' | 'client' | 'internal' | 'other';
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  readonly events: readonly { readonly name: string; readonly atMs: number }[];
  readonly status: 'unset' | 'ok' | 'error';
  /** Attributes of the process that made it. */
  readonly resource: Readonly<Record<string, AttributeValue>>;
}

export interface OtlpReceiver {
  /** For OTEL_EXPORTER_OTLP_ENDPOINT. */
  readonly url: string;
  readonly port: number;
  readonly spans: ReceivedSpan[];
  /** Content types of the received exports, in order. */
  readonly contentTypes: string[];
  close(): Promise<void>;
}

/** A collector's OTLP/HTTP side for traces, in protobuf and JSON, plain and gzipped. */
export async function startOtlpReceiver(port = 0): Promise<OtlpReceiver> {
  const decodeProtobuf = createSpanDecoder();
  const spans: ReceivedSpan[] = [];
  const contentTypes: string[] = [];
  const server = createServer((request, response) => {
    void readAll(request).then((body) => {
      const contentType = request.headers['content-type'] ?? '';
      contentTypes.push(contentType);
      if (request.method !== 'POST' || request.url !== '/v1/traces') {
        response.writeHead(404).end();
        return;
      }
      const json = contentType === 'application/json';
      spans.push(...(json ? spansOf(JSON.parse(body.toString()) as ExportRequest) : decodeProtobuf(body)));
      // An empty response in either form means that everything was accepted.
      response.writeHead(200, { 'content-type': contentType }).end(json ? '{}' : '');
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const { port: bound } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${bound}`,
    port: bound,
    spans,
    contentTypes,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Reads the protobuf message of an export. */
export function createSpanDecoder(): (body: Buffer) => ReceivedSpan[] {
  const type = loadRequestType();
  return (body) => spansOf(decode(type, body));
}

/** Lines of a trace as a tree, children below their parents in the order of their start. */
export function spanTree(spans: readonly ReceivedSpan[], line: (span: ReceivedSpan) => string): string[] {
  const ids = new Set(spans.map(({ spanId }) => spanId));
  const below = (parent: ReceivedSpan | null): ReceivedSpan[] =>
    spans
      .filter(({ parentSpanId }) =>
        parent === null ? !ids.has(parentSpanId) : parentSpanId === parent.spanId,
      )
      .sort((a, b) => a.startMs - b.startMs);
  const lines = (parent: ReceivedSpan | null, depth: number): string[] =>
    below(parent).flatMap((span) => [`${'  '.repeat(depth)}${line(span)}`, ...lines(span, depth + 1)]);
  return lines(null, 0);
}

interface KeyValue {
  key: string;
  value: { stringValue?: string; boolValue?: boolean; intValue?: string | number; doubleValue?: number };
}

/** OTLP's JSON form, to which decoded protobuf is converted too. */
interface ExportRequest {
  resourceSpans?: {
    resource?: { attributes?: KeyValue[] };
    scopeSpans?: { spans?: JsonSpan[] }[];
  }[];
}

interface JsonSpan {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  traceState?: string;
  name: string;
  kind?: number;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes?: KeyValue[];
  events?: { name: string; timeUnixNano: string }[];
  status?: { code?: number };
}

function loadRequestType(): protobuf.Type {
  const folder = join(import.meta.dirname, 'proto');
  const root = new protobuf.Root();
  root.resolvePath = (_origin, target) => (target.startsWith('/') ? target : join(folder, target));
  root.loadSync('opentelemetry/proto/collector/trace/v1/trace_service.proto');
  return root.lookupType('opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest');
}

function decode(type: protobuf.Type, body: Buffer): ExportRequest {
  const message = type.toObject(type.decode(body), { longs: String, bytes: Buffer, defaults: false });
  // Ids are hex in OTLP's JSON, and base64 in protobuf's own JSON form.
  return JSON.parse(
    JSON.stringify(message, (_key, value: unknown) => (isBytes(value) ? bytesToHex(value) : value)),
  ) as ExportRequest;
}

/** A replacer gets a Buffer as the result of its toJSON. */
function isBytes(value: unknown): value is { type: 'Buffer'; data: number[] } {
  return typeof value === 'object' && value !== null && (value as { type?: unknown }).type === 'Buffer';
}

function bytesToHex({ data }: { data: number[] }): string {
  return Buffer.from(data).toString('hex');
}

function spansOf({ resourceSpans = [] }: ExportRequest): ReceivedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans = [] }) =>
    scopeSpans.flatMap(({ spans = [] }) =>
      spans.map((span) => toReceived(span, attributesOf(resource?.attributes))),
    ),
  );
}

const KINDS: Readonly<Record<number, ReceivedSpan['kind']>> = { 1: 'internal', 2: 'server', 3: 'client' };
const STATUSES = ['unset', 'ok', 'error'] as const;

function toReceived(span: JsonSpan, resource: ReceivedSpan['resource']): ReceivedSpan {
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: span.parentSpanId ?? '',
    traceState: span.traceState ?? '',
    name: span.name,
    kind: KINDS[span.kind ?? 0] ?? 'other',
    startMs: milliseconds(span.startTimeUnixNano),
    endMs: milliseconds(span.endTimeUnixNano),
    attributes: attributesOf(span.attributes),
    events: (span.events ?? []).map(({ name, timeUnixNano }) => ({ name, atMs: milliseconds(timeUnixNano) })),
    status: STATUSES[span.status?.code ?? 0] ?? 'unset',
    resource,
  };
}

function milliseconds(nanos: string): number {
  return Number(BigInt(nanos) / 1_000n) / 1_000;
}

function attributesOf(list: readonly KeyValue[] = []): Record<string, AttributeValue> {
  return Object.fromEntries(
    list.map(({ key, value }) => [
      key,
      value.stringValue ?? value.boolValue ?? value.doubleValue ?? Number(value.intValue),
    ]),
  );
}

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  return request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
}
