/** The settings of one variant of the gateway. */
export interface GatewayVariant {
  readonly name: string;
  readonly summary: string;
  readonly workers: number;
  readonly limits: 'high' | 'off';
  readonly requestLog: boolean;
  /** Share of requests whose trace is sent to a collector, 0 to 1; 0 for no tracing. */
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

/** A limit far above the rate of a core: it is checked for every request and refuses none. */
const UNREACHABLE_LIMIT = 100_000_000;

/**
 * The configuration file of a variant, in JSON, which is valid YAML. Only the settings that the comparison needs are
 * set, so that all others are measured at their defaults.
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
  const perMinute = rejecting ? 1 : variant.limits === 'high' ? UNREACHABLE_LIMIT : 0;
  return {
    global_requests_per_minute: rejecting ? UNREACHABLE_LIMIT : perMinute,
    per_ip_requests_per_minute: perMinute,
    burst_size: rejecting ? 1 : UNREACHABLE_LIMIT,
  };
}

export interface GatewayEnvironmentOptions {
  readonly variant: GatewayVariant;
  readonly backendPort: number;
  /** The folder for the CPU profile of each process; undefined for no profiles. */
  readonly profileFolder: string | undefined;
}

/**
 * The environment of a variant, as changes to the bench's own; undefined removes a variable. Variables for `olla`,
 * OpenTelemetry and Node in the user's shell are removed, because they would change the measurement.
 */
export function gatewayEnvironment(
  own: Readonly<Record<string, string | undefined>>,
  { variant, backendPort, profileFolder }: GatewayEnvironmentOptions,
): Record<string, string | undefined> {
  const inherited = Object.keys(own).filter((name) => /^(OLLA|OTEL|NODE)_/.test(name));
  const environment: Record<string, string | undefined> = Object.fromEntries(
    inherited.map((name) => [name, undefined]),
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
