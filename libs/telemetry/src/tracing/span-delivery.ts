import type { Context } from '@opentelemetry/api';
import type { ReadableSpan, Span, SpanExporter, SpanProcessor } from '@opentelemetry/sdk-trace';
import type { Logger } from '../logger.ts';

type ExportResult = Parameters<Parameters<SpanExporter['export']>[1]>[0];

/** Code of @opentelemetry/core's ExportResultCode. */
const SUCCESS = 0;

/**
 * Counts what becomes of spans and says once when a collector stops taking them and once when it takes them again.
 * Spans are accepted, then either delivered or dropped.
 */
export class SpanDelivery {
  readonly #log: Logger;
  readonly #destination: string;
  #accepted = 0;
  #handedOver = 0;
  #delivered = 0;
  #refused = 0;
  #dropped = 0;
  #awaySince: number | null = null;

  constructor(destination: string, log: Logger) {
    this.#destination = destination;
    this.#log = log;
  }

  /** Spans lost. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Limits what waits in front of a batching processor, whose own limit tells nobody what it drops. */
  bound(processor: SpanProcessor, maxSpans: number): SpanProcessor {
    return {
      onStart: (span: Span, context: Context) => processor.onStart(span, context),
      onEnd: (span: ReadableSpan) => {
        if (this.#accepted - this.#handedOver >= maxSpans) {
          this.#dropped += 1;
          return;
        }
        this.#accepted += 1;
        processor.onEnd(span);
      },
      forceFlush: () => processor.forceFlush(),
      shutdown: () => processor.shutdown(),
    };
  }

  /** Watches what the exporter achieves. */
  watch(exporter: SpanExporter): SpanExporter {
    return {
      export: (spans, done) => {
        this.#handedOver += spans.length;
        exporter.export(spans, (result) => {
          this.#settle(spans.length, result);
          done(result);
        });
      },
      shutdown: () => exporter.shutdown(),
      ...(exporter.forceFlush === undefined
        ? {}
        : { forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve() }),
    };
  }

  /** Nothing more will be sent: what is neither delivered nor refused is lost. */
  close(): void {
    this.#dropped += Math.max(0, this.#accepted - this.#delivered - this.#refused);
    this.#accepted = this.#delivered + this.#refused;
  }

  #settle(spans: number, result: ExportResult): void {
    if (result.code === SUCCESS) {
      this.#delivered += spans;
      if (this.#awaySince === null) return;
      this.#log.info(`traces: ${this.#destination} takes spans again`, {
        away_ms: Date.now() - this.#awaySince,
        dropped_spans: this.#dropped,
      });
      this.#awaySince = null;
      return;
    }
    this.#refused += spans;
    this.#dropped += spans;
    if (this.#awaySince !== null) return;
    this.#awaySince = Date.now();
    this.#log.warn(
      `traces: ${this.#destination} does not take spans (${reasonOf(result.error)}). Requests are not affected; spans are dropped and counted in /internal/status until it does. Check OTEL_EXPORTER_OTLP_ENDPOINT`,
    );
  }
}

function reasonOf(error: Error | undefined): string {
  if (error === undefined) return 'no reason given';
  const { cause } = error;
  const code = (cause as NodeJS.ErrnoException | undefined)?.code ?? (error as NodeJS.ErrnoException).code;
  const message = error.message || (cause instanceof Error ? cause.message : '') || error.name;
  return code === undefined || message.includes(String(code)) ? message : `${message}, ${code}`;
}
