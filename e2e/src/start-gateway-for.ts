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

/** The configuration of an endpoint for a raw backend, with a short check interval. */
export function endpointConfig(
  name: string,
  backend: Pick<RawBackend, 'url'>,
  more: object = {},
): EndpointConfig {
  return { name, url: backend.url, type: 'openai-compatible', check_interval: '200ms', ...more };
}

export interface StartGatewayForOptions extends Omit<GatewayOptions, 'config'> {
  readonly endpoints: readonly EndpointConfig[];
  /** Further sections of the configuration. `server` and `discovery` are merged with those of this function. */
  readonly config?: {
    readonly server?: object;
    readonly discovery?: object;
    readonly [section: string]: unknown;
  };
  /** Models that all workers must list before the gateway is returned. */
  readonly models?: readonly string[];
}

/** Without limits, which other tests cover. */
const NO_LIMITS = {
  global_requests_per_minute: 0,
  per_ip_requests_per_minute: 0,
  health_requests_per_minute: 0,
};

/** Starts a gateway with these endpoints and without rate limits. */
export async function startGatewayFor(options: StartGatewayForOptions): Promise<Gateway> {
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
  for (const model of models) await waitForModel(gateway, model);
  return gateway;
}

/** Waits until all workers list the model. */
export function waitForModel(gateway: Gateway, model: string): Promise<void> {
  return waitUntilAllWorkers(gateway, {
    describe: `all workers to list ${model} in /olla/models`,
    holds: (list) => list.includes(JSON.stringify(model)),
  });
}

/** Waits until no worker lists the model. */
export function waitForModelGone(gateway: Gateway, model: string): Promise<void> {
  return waitUntilAllWorkers(gateway, {
    describe: `no worker to list ${model} in /olla/models`,
    holds: (list) => !list.includes(JSON.stringify(model)),
  });
}

/** Reads /olla/models until a condition holds twice per worker in a row. New connections reach the workers in turn. */
async function waitUntilAllWorkers(
  gateway: Gateway,
  { describe, holds }: { readonly describe: string; readonly holds: (list: string) => boolean },
): Promise<void> {
  const needed = 2 * Math.max(1, gateway.children().workers.length);
  let inARow = 0;
  await waitFor(
    async () => {
      const response = await fetch(`${gateway.url}/olla/models`, { headers: { connection: 'close' } });
      inARow = holds(await response.text()) ? inARow + 1 : 0;
      return inARow >= needed;
    },
    { describe: `${describe}\n${gateway.process.output}` },
  );
}
