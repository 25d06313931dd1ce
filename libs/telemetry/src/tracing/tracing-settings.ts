export type Environment = Readonly<Record<string, string | undefined>>;

export type ExporterName = 'otlp' | 'console';
export type OtlpProtocol = 'http/protobuf' | 'http/json' | 'grpc';

export interface TracingSettings {
  readonly exporters: readonly ExporterName[];
  readonly protocol: OtlpProtocol;
  /** Destination of the spans for messages, without credentials. */
  readonly destination: string;
  readonly sampler: SamplerSettings;
  readonly queue: QueueSettings;
}

export interface SamplerSettings {
  /** Whether to follow the caller's decision, if there is one. */
  readonly parentBased: boolean;
  /** Share of all other traces that is sampled, 0 to 1. */
  readonly ratio: number;
}

export interface QueueSettings {
  /** Most spans in the queue. More are dropped. */
  readonly maxSpans: number;
  readonly maxBatchSpans: number;
  readonly delayMs: number;
  readonly exportTimeoutMs: number;
}

/**
 * Reads the standard `OTEL_*` variables for traces. Other than the SDK, it never exports to a default address: either
 * an exporter or an endpoint must be named.
 *
 * @param warn gets a message for each value that cannot be used, for which the default is used
 * @returns null if no exporter is configured
 */
export function readTracingSettings(
  env: Environment,
  warn: (message: string) => void,
): TracingSettings | null {
  if (env['OTEL_SDK_DISABLED']?.trim().toLowerCase() === 'true') return null;
  const exporters = readExporters(env, warn);
  if (exporters.length === 0) return null;
  return {
    exporters,
    protocol: readProtocol(env, warn),
    destination: exporters.includes('otlp') ? describeDestination(env) : 'the console',
    sampler: readSampler(env, warn),
    queue: readQueue(env, warn),
  };
}

function readExporters(env: Environment, warn: (message: string) => void): ExporterName[] {
  const named = text(env, 'OTEL_TRACES_EXPORTER');
  if (named === null) return endpointOf(env) === null ? [] : ['otlp'];
  const names = [...new Set(named.split(',').map((name) => name.trim().toLowerCase()))];
  if (names.includes('none')) return [];
  const known = names.filter((name): name is ExporterName => name === 'otlp' || name === 'console');
  for (const name of names)
    if (name !== 'otlp' && name !== 'console')
      warn(`OTEL_TRACES_EXPORTER: ${JSON.stringify(name)} is unknown. Use otlp, console or none`);
  return known;
}

function readProtocol(env: Environment, warn: (message: string) => void): OtlpProtocol {
  const key = ['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', 'OTEL_EXPORTER_OTLP_PROTOCOL'].find(
    (name) => text(env, name) !== null,
  );
  const value = key === undefined ? 'http/protobuf' : text(env, key);
  if (value === 'http/protobuf' || value === 'http/json' || value === 'grpc') return value;
  warn(`${key}: ${JSON.stringify(value)} is unknown. http/protobuf is used instead`);
  return 'http/protobuf';
}

const SAMPLERS: Readonly<Record<string, SamplerSettings | 'ratio' | 'parent_ratio'>> = {
  always_on: { parentBased: false, ratio: 1 },
  always_off: { parentBased: false, ratio: 0 },
  parentbased_always_on: { parentBased: true, ratio: 1 },
  parentbased_always_off: { parentBased: true, ratio: 0 },
  traceidratio: 'ratio',
  parentbased_traceidratio: 'parent_ratio',
};

function readSampler(env: Environment, warn: (message: string) => void): SamplerSettings {
  const name = text(env, 'OTEL_TRACES_SAMPLER') ?? 'parentbased_always_on';
  const sampler = Object.hasOwn(SAMPLERS, name) ? SAMPLERS[name] : undefined;
  if (sampler === undefined) {
    warn(`OTEL_TRACES_SAMPLER: ${JSON.stringify(name)} is unknown. parentbased_always_on is used instead`);
    return { parentBased: true, ratio: 1 };
  }
  if (typeof sampler === 'object') return sampler;
  const given = text(env, 'OTEL_TRACES_SAMPLER_ARG');
  const ratio = given === null ? Number.NaN : Number(given);
  if (ratio >= 0 && ratio <= 1) return { parentBased: sampler === 'parent_ratio', ratio };
  warn(
    `OTEL_TRACES_SAMPLER_ARG: ${name} needs a number from 0 to 1, not ${given ?? 'nothing'}. 1 is used instead`,
  );
  return { parentBased: sampler === 'parent_ratio', ratio: 1 };
}

function readQueue(env: Environment, warn: (message: string) => void): QueueSettings {
  const positive = (key: string, fallback: number): number => {
    const given = text(env, key);
    if (given === null) return fallback;
    const value = Number(given);
    if (Number.isSafeInteger(value) && value > 0) return value;
    warn(`${key}: ${JSON.stringify(given)} is not a whole number above 0. ${fallback} is used instead`);
    return fallback;
  };
  const maxSpans = positive('OTEL_BSP_MAX_QUEUE_SIZE', 2_048);
  return {
    maxSpans,
    maxBatchSpans: Math.min(maxSpans, positive('OTEL_BSP_MAX_EXPORT_BATCH_SIZE', 512)),
    delayMs: positive('OTEL_BSP_SCHEDULE_DELAY', 5_000),
    exportTimeoutMs: positive('OTEL_BSP_EXPORT_TIMEOUT', 30_000),
  };
}

function endpointOf(env: Environment): string | null {
  return text(env, 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT') ?? text(env, 'OTEL_EXPORTER_OTLP_ENDPOINT');
}

function describeDestination(env: Environment): string {
  const endpoint = endpointOf(env) ?? 'http://localhost:4318';
  const url = URL.parse(endpoint);
  return url === null ? 'its endpoint' : `${url.protocol}//${url.host}`;
}

function text(env: Environment, key: string): string | null {
  return env[key]?.trim() || null;
}
