import type { Tracing, TracingOptions } from './tracing.ts';
import { readTracingSettings } from './tracing-settings.ts';

/**
 * Starts tracing if the `OTEL_*` variables configure an exporter. It loads OpenTelemetry only then.
 *
 * @returns null if no exporter is configured, or if tracing cannot start: a gateway without traces still serves
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
      `there are no traces, because OpenTelemetry could not start: ${String(error)}. Check the OTEL_* variables`,
    );
    return null;
  }
}
