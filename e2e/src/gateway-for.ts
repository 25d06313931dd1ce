import { startGateway, type Gateway, type GatewayOptions } from '@olla/testing/olla-process';
import type { RawBackend } from '@olla/testing/raw-backend';
import { waitFor } from '@olla/testing/wait-for';

/** An endpoint of the configuration file. */
export interface EndpointConfig {
  readonly name: string;
  readonly url: string;
  readonly type: string;
  readonly [key: string]: unknown;
}

/** A raw backend as an endpoint that is probed often. */
export function endpointOf(
  name: string,
  backend: Pick<RawBackend, 'url'>,
  more: object = {},
): EndpointConfig {
  return { name, url: backend.url, type: 'openai-compatible', check_interval: '200ms', ...more };
}

export interface FleetGatewayOptions extends Omit<GatewayOptions, 'config'> {
  readonly endpoints: readonly EndpointConfig[];
  /** Further sections of the configuration; `server` and `discovery` are merged. */
  readonly config?: {
    readonly server?: object;
    readonly discovery?: object;
    readonly [section: string]: unknown;
  };
  /** Waits until every worker knows these models. */
  readonly models?: readonly string[];
}

/** No limits: those are the subject of tests of their own. */
const NO_LIMITS = {
  global_requests_per_minute: 0,
  per_ip_requests_per_minute: 0,
  health_requests_per_minute: 0,
};

/** A gateway in front of these endpoints, without rate limits. */
export async function startGatewayFor(options: FleetGatewayOptions): Promise<Gateway> {
  const { endpoints, models = [], config = {}, ...rest } = options;
  const gateway = await startGateway({
    ...rest,
    config: {
      ...config,
      server: { rate_limits: NO_LIMITS, ...config.server },
      discovery: {
        model_discovery: { interval: '500ms' },
        ...config.discovery,
        static: { endpoints },
      },
    },
  });
  for (const model of models) await modelKnown(gateway, model);
  return gateway;
}

/** Waits until all workers list the model (or, with `known` false, none does). */
export async function modelKnown(gateway: Gateway, model: string, known = true): Promise<void> {
  let inARow = 0;
  const looks = 2 * Math.max(1, gateway.children().workers.length);
  await waitFor(
    async () => {
      // Each fetch is a connection of its own, and connections go round the workers.
      const response = await fetch(`${gateway.url}/olla/models`, { headers: { connection: 'close' } });
      inARow = (await response.text()).includes(JSON.stringify(model)) === known ? inARow + 1 : 0;
      return inARow >= looks;
    },
    {
      describe: `model ${model} ${known ? 'in' : 'to leave'} /olla/models of every worker\n${gateway.process.output}`,
    },
  );
}
