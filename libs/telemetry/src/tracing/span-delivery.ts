import type { Context } from '@opentelemetry/api';
import type { ReadableSpan, Span, SpanExporter, SpanProcessor } from '@opentelemetry/sdk-trace';
import type { Logger } from '../logger.ts';

type ExportResult = Parameters<Parameters<SpanExporter['export']>[1]>[0];

/** `ExportResultCode.SUCCESS` of @opentelemetry/core, which is not a dependency. */
const SUCCESS = 0;

/**
 * Counts the spans that are lost on the way to one collector. It logs one line when the collector stops accepting spans
 * and one when it accepts them again.
 */
export class SpanDelivery {
  readonly #log: Logger;
  readonly #destination: string;
  readonly #onDropped: () => void;
  #accepted = 0;
  #handedOver = 0;
  #delivered = 0;
  #rejected = 0;
  #dropped = 0;
  #awaySince: number | null = null;

  /** @param onDropped called whenever spans were lost */
  constructor(destination: string, log: Logger, onDropped: () => void) {
    this.#destination = destination;
    this.#log = log;
    this.#onDropped = onDropped;
  }

  /** Spans that were lost. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Bounds the queue of a batching processor. The processor's own bound does not report what it drops. */
  bound(processor: SpanProcessor, maxSpans: number): SpanProcessor {
    return {
      onStart: (span: Span, context: Context) => processor.onStart(span, context),
      onEnd: (span: ReadableSpan) => {
        if (this.#accepted - this.#handedOver >= maxSpans) {
          this.#drop(1);
          return;
        }
        this.#accepted += 1;
        processor.onEnd(span);
      },
      forceFlush: () => processor.forceFlush(),
      shutdown: () => processor.shutdown(),
    };
  }

  /** Watches the results of an exporter. */
  watch(exporter: SpanExporter): SpanExporter {
    return {
      export: (spans, done) => {
        this.#handedOver += spans.length;
        exporter.export(spans, (result) => {
          this.#recordResult(spans.length, result);
          done(result);
        });
      },
      shutdown: () => exporter.shutdown(),
      ...(exporter.forceFlush === undefined
        ? {}
        : { forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve() }),
    };
  }

  /** Counts the spans that are still queued as lost, because nothing more will be sent. */
  close(): void {
    this.#drop(Math.max(0, this.#accepted - this.#delivered - this.#rejected));
    this.#accepted = this.#delivered + this.#rejected;
  }

  #drop(spans: number): void {
    if (spans === 0) return;
    this.#dropped += spans;
    this.#onDropped();
  }

  #recordResult(spans: number, result: ExportResult): void {
    if (result.code === SUCCESS) {
      this.#delivered += spans;
      if (this.#awaySince === null) return;
      this.#log.info(`traces: ${this.#destination} accepts spans again`, {
        away_ms: Date.now() - this.#awaySince,
        dropped_spans: this.#dropped,
      });
      this.#awaySince = null;
      return;
    }
    this.#rejected += spans;
    this.#drop(spans);
    if (this.#awaySince !== null) return;
    this.#awaySince = Date.now();
    this.#log.warn(
      `traces: ${this.#destination} does not accept spans (${reasonOf(result.error)}). Requests are not affected, but spans are lost and counted in /internal/status. Check OTEL_EXPORTER_OTLP_ENDPOINT`,
    );
  }
}

function reasonOf(error: Error | undefined): string {
  if (error === undefined) return 'it gave no reason';
  const { cause } = error;
  const code = (cause as NodeJS.ErrnoException | undefined)?.code ?? (error as NodeJS.ErrnoException).code;
  const message = error.message || (cause instanceof Error ? cause.message : '') || error.name;
  return code === undefined || message.includes(String(code)) ? message : `${message}, ${code}`;
}
