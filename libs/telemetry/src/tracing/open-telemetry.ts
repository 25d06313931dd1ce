import { hostname } from 'node:os';
import { ROOT_CONTEXT, trace as traceApi, type Tracer } from '@opentelemetry/api';
import { OTLPTraceExporter as GrpcExporter } from '@opentelemetry/exporter-trace-otlp-grpc';
import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtobufExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { defaultResource, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import { NodeSDK } from '@opentelemetry/sdk-node';
import {
  AlwaysOnSampler,
  BatchSpanProcessor,
  ConsoleSpanExporter,
  SamplingDecision,
  TraceIdRatioBasedSampler,
  type SpanExporter,
} from '@opentelemetry/sdk-trace';
import { newTraceId } from './random-ids.ts';
import { recordSpans, type IdSource } from './request-spans.ts';
import { RequestTrace } from './request-trace.ts';
import { SpanDelivery } from './span-delivery.ts';
import { parseTraceparent } from './trace-context.ts';
import type { RequestFacts, Tracing, TracingOptions } from './tracing.ts';
import type { ExporterName, SamplerSettings, TracingSettings } from './tracing-settings.ts';

/** Tracing through OpenTelemetry's SDK. The file is loaded only if an exporter is configured, because the SDK is large. */
export class OpenTelemetryTracing implements Tracing {
  readonly #sdk: NodeSDK;
  readonly #tracer: Tracer;
  readonly #ids: IdSource = { next: { traceId: '', spanId: '' } };
  readonly #sampler: SamplerSettings;
  readonly #ratio: TraceIdRatioBasedSampler;
  readonly #deliveries: readonly SpanDelivery[];

  constructor(settings: TracingSettings, { log, version, instanceId, onDropped }: TracingOptions) {
    this.#sampler = settings.sampler;
    this.#ratio = new TraceIdRatioBasedSampler(settings.sampler.ratio);
    const { maxSpans, maxBatchSpans, delayMs, exportTimeoutMs } = settings.queue;
    const exporters = settings.exporters.map((name) => ({
      exporter: createExporter(name, settings),
      delivery: new SpanDelivery(name === 'console' ? 'the console' : settings.destination, log, onDropped),
    }));
    this.#deliveries = exporters.map(({ delivery }) => delivery);
    this.#sdk = new NodeSDK({
      resource: defaultResource().merge(
        resourceFromAttributes({
          'service.name': 'olla',
          'service.version': version,
          'service.instance.id': instanceId,
          'host.name': hostname(),
          'process.pid': process.pid,
        }),
      ),
      // Not the detector for the process, which reports the command line: a Redis URL in it may have a password.
      resourceDetectors: [envDetector],
      // `begin` decides before there is a span.
      sampler: new AlwaysOnSampler(),
      idGenerator: {
        generateTraceId: () => this.#ids.next.traceId,
        generateSpanId: () => this.#ids.next.spanId,
      },
      spanProcessors: exporters.map(({ exporter, delivery }) =>
        delivery.bound(
          new BatchSpanProcessor({
            exporter: delivery.watch(exporter),
            maxQueueSize: maxSpans,
            maxExportBatchSize: maxBatchSpans,
            scheduledDelayMillis: delayMs,
            exportTimeoutMillis: exportTimeoutMs,
          }),
          maxSpans,
        ),
      ),
      metricReaders: [],
      logRecordProcessors: [],
      instrumentations: [],
      textMapPropagator: null,
    });
    this.#sdk.start();
    this.#tracer = traceApi.getTracer('olla', version);
  }

  begin(traceparent: string | undefined, tracestate: string | undefined): RequestTrace | null {
    const parent = traceparent === undefined ? null : parseTraceparent(traceparent);
    if (parent !== null && this.#sampler.parentBased && !parent.sampled) return null;
    const traceId = parent?.traceId ?? newTraceId();
    return new RequestTrace({
      traceId,
      parentSpanId: parent?.spanId ?? null,
      traceState: parent === null ? null : (tracestate ?? null),
      sampled: (parent !== null && this.#sampler.parentBased) || this.#isInRatio(traceId),
      otherFlags: parent?.otherFlags ?? 0,
    });
  }

  record(trace: RequestTrace, facts: RequestFacts): void {
    if (trace.sampled) recordSpans(this.#tracer, this.#ids, trace, facts);
  }

  dropped(): number {
    let dropped = 0;
    for (const delivery of this.#deliveries) dropped += delivery.dropped;
    return dropped;
  }

  async shutdown(timeoutMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<void>((resolve) => (timer = setTimeout(resolve, timeoutMs)));
    // SpanDelivery logs a collector that cannot be reached.
    const flushed = this.#sdk.shutdown().catch(() => undefined);
    await Promise.race([flushed, timeout]);
    clearTimeout(timer);
    for (const delivery of this.#deliveries) delivery.close();
  }

  #isInRatio(traceId: string): boolean {
    const { ratio } = this.#sampler;
    if (ratio === 0 || ratio === 1) return ratio === 1;
    const { decision } = this.#ratio.shouldSample(ROOT_CONTEXT, traceId);
    return decision === SamplingDecision.RECORD_AND_SAMPLED;
  }
}

/** The exporters read endpoint, headers, timeout, compression and certificates from their `OTEL_*` variables. */
function createExporter(name: ExporterName, { protocol }: TracingSettings): SpanExporter {
  if (name === 'console') return new ConsoleSpanExporter();
  switch (protocol) {
    case 'grpc':
      return new GrpcExporter();
    case 'http/json':
      return new JsonExporter();
    case 'http/protobuf':
      return new ProtobufExporter();
  }
}
