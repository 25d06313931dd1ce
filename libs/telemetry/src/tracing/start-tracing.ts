import type { Tracing, TracingOptions } from './tracing.ts';
import { readTracingSettings } from './tracing-settings.ts';

/**
 * Starts tracing if the process's `OTEL_*` variables configure an exporter, and loads OpenTelemetry only then.
 *
 * @returns null without an exporter, and when it cannot be started: a gateway without traces still serves
 */
export async function startTracing(options: TracingOptions): Promise<Tracing | null> {
  const { log } = options;
  const settings = readTracingSettings(process.env, (message) => log.warn(message));
  if (settings === null) return null;
  try {
    const { OpenTelemetryTracing } = await import('./open-telemetry.ts');
    return new OpenTelemetryTracing(settings, options);
  } catch (error) {
    log.error(
      `traces are off, because OpenTelemetry could not be started: ${String(error)}. Check the OTEL_* variables`,
    );
    return null;
  }
}
