/** What one variant of the gateway switches. */
export interface GatewayVariant {
  readonly name: string;
  readonly summary: string;
  readonly workers: number;
  readonly limits: 'high' | 'off';
  readonly requestLog: boolean;
  /** Share of requests whose trace is sent to a collector, 0 to 1; 0 is no tracing. */
  readonly tracedShare: number;
  readonly redis: boolean;
}

export interface GatewayConfigOptions {
  readonly port: number;
  readonly backendPort: number;
  readonly variant: GatewayVariant;
  readonly rejecting: boolean;
  readonly redisUrl: string | undefined;
}

/** Far above what a core can do: every request asks the limits, none is refused. */
const NEVER_REACHED = 100_000_000;

/**
 * The configuration file of a variant, in JSON, which is YAML too. Only what the comparison needs is set: all else
 * is measured at its default.
 */
export function renderGatewayConfig(options: GatewayConfigOptions): string {
  const { port, backendPort, variant, redisUrl } = options;
  return JSON.stringify(
    {
      server: {
        host: '127.0.0.1',
        port,
        workers: variant.workers,
        request_logging: variant.requestLog,
        rate_limits: rateLimits(options),
      },
      discovery: {
        static: {
          endpoints: [
            {
              url: `http://127.0.0.1:${backendPort}`,
              name: 'bench-backend',
              type: 'openai-compatible',
              health_check_url: '/health',
              model_url: '/v1/models',
            },
          ],
        },
      },
      ...(variant.redis && redisUrl !== undefined ? { redis: { url: redisUrl } } : {}),
    },
    null,
    2,
  );
}

function rateLimits({ variant, rejecting }: GatewayConfigOptions): Record<string, number> {
  const perMinute = rejecting ? 1 : variant.limits === 'high' ? NEVER_REACHED : 0;
  return {
    global_requests_per_minute: rejecting ? NEVER_REACHED : perMinute,
    per_ip_requests_per_minute: perMinute,
    burst_size: rejecting ? 1 : NEVER_REACHED,
  };
}

export interface GatewayEnvironmentOptions {
  readonly variant: GatewayVariant;
  readonly backendPort: number;
  /** Where each process leaves a CPU profile when it ends; undefined: none does. */
  readonly profileFolder: string | undefined;
}

/**
 * The environment of a variant, as changes to the bench's own: undefined takes a variable away. Nothing that happens
 * to be set for `olla` or OpenTelemetry in this shell shall change what is measured.
 */
export function gatewayEnvironment(
  own: Readonly<Record<string, string | undefined>>,
  { variant, backendPort, profileFolder }: GatewayEnvironmentOptions,
): Record<string, string | undefined> {
  const foreign = Object.keys(own).filter((name) => /^(OLLA|OTEL|NODE)_/.test(name));
  const environment: Record<string, string | undefined> = Object.fromEntries(
    foreign.map((name) => [name, undefined]),
  );
  if (profileFolder !== undefined) {
    environment['NODE_OPTIONS'] = `--cpu-prof --cpu-prof-dir=${JSON.stringify(profileFolder)}`;
  }
  if (variant.tracedShare > 0) {
    environment['OTEL_EXPORTER_OTLP_ENDPOINT'] = `http://127.0.0.1:${backendPort}`;
    environment['OTEL_TRACES_SAMPLER'] = 'traceidratio';
    environment['OTEL_TRACES_SAMPLER_ARG'] = String(variant.tracedShare);
  }
  return environment;
}
