import { dirname } from 'node:path';
import { loadSettings } from '@olla/config/load';
import type { Settings } from '@olla/config/schema';
import type { BackendType } from '@olla/core/backend-type';
import { endpointKey } from '@olla/core/endpoint-key';
import type { SharedState } from '@olla/state/shared-state';
import { TestHost } from '@olla/state/testing/test-host';
import { writeConfig } from '@olla/testing/olla-process';
import { runWorker, type RunningWorker } from '../src/run-worker.ts';
import { FakeAgent, type ModelSpec, type SeenEndpoint } from './fake-agent.ts';
import { HeldChannel } from './held-channel.ts';
import { RecordingLog } from './recording-log.ts';

/** An endpoint of the gateway, and its models in the agent's snapshot. */
export interface TestEndpoint {
  readonly name: string;
  readonly url: string;
  /** Default `openai-compatible`. */
  readonly type?: BackendType;
  readonly models?: readonly ModelSpec[];
  /** Further keys of its entry in the configuration file. */
  readonly config?: Readonly<Record<string, unknown>>;
}

export interface InProcessOptions {
  readonly endpoints: readonly TestEndpoint[];
  /** Further sections of the configuration; `server` is merged. */
  readonly config?: { readonly server?: object; readonly [section: string]: unknown };
  /** Default 1. */
  readonly workers?: number;
  readonly adminToken?: string;
  /** How long a deletion waits for the agent's next list. Default: hardly at all, because a test's agent lists nothing. */
  readonly relistMs?: number;
}

const NO_AGENT_MS = 5;

/**
 * Workers that run inside the test's process, with their shared state in memory and an agent that a test speaks for.
 */
export interface InProcessGateway {
  /** Where the first worker listens. */
  readonly port: number;
  /** Where each worker listens. */
  readonly ports: readonly number[];
  readonly workers: readonly RunningWorker[];
  /** The channel of each worker to the shared state. */
  readonly channels: readonly HeldChannel[];
  readonly settings: Settings;
  readonly agent: FakeAgent;
  /** The log lines of all its workers. */
  readonly log: RecordingLog;
  /** The agent's end of the shared state. */
  readonly state: SharedState;
  /** Aborts the requests that still run after `timeoutMs`; default 0. */
  stop(timeoutMs?: number): Promise<void>;
}

const DEFAULT_TYPE = 'openai-compatible';

/** No limits: those are the subject of tests of their own. */
const NO_LIMITS = {
  global_requests_per_minute: 0,
  per_ip_requests_per_minute: 0,
  health_requests_per_minute: 0,
};

/** Starts workers on ports of 127.0.0.1 that the system chooses; each has the first snapshot when this resolves. */
export async function startInProcess(options: InProcessOptions): Promise<InProcessGateway> {
  const settings = settingsFor(options);
  const host = new TestHost();
  const state = await host.join('agent');
  const agent = await FakeAgent.lead(state, seenEndpoints(settings, options.endpoints));
  await agent.publish();
  const log = new RecordingLog();
  const workers: RunningWorker[] = [];
  const channels: HeldChannel[] = [];
  for (let n = 0; n < (options.workers ?? 1); n += 1) {
    const worker = await host.join('worker', (channel) => {
      const held = new HeldChannel(channel);
      channels.push(held);
      return held;
    });
    workers.push(
      await runWorker({
        init: {
          olla: 'init',
          settings,
          self: worker.self,
          build: { version: worker.self.version, commit: null, builtAt: null },
          redis: null,
          listen: { hosts: ['127.0.0.1'], port: 0 },
          adminToken: options.adminToken ?? null,
        },
        state: worker,
        log,
        format: 'json',
        relistMs: options.relistMs ?? NO_AGENT_MS,
      }),
    );
  }
  const ports = workers.map(({ port }) => port);
  return {
    port: ports[0] as number,
    ports,
    workers,
    channels,
    settings,
    agent,
    log,
    state,
    async stop(timeoutMs = 0) {
      await Promise.all(workers.map((worker) => worker.stop(timeoutMs)));
      await host.close();
    },
  };
}

function settingsFor({ endpoints, config = {} }: InProcessOptions): Settings {
  const file = writeConfig({
    ...config,
    server: { host: '127.0.0.1', port: 0, rate_limits: NO_LIMITS, ...config.server },
    discovery: {
      static: {
        endpoints: endpoints.map(({ name, url, type = DEFAULT_TYPE, config: more }) => ({
          name,
          url,
          type,
          ...more,
        })),
      },
    },
  });
  const loaded = loadSettings({ file, env: {}, cwd: dirname(file) });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return loaded.settings;
}

/** Healthy, with the models that the test gives them. */
function seenEndpoints(settings: Settings, given: readonly TestEndpoint[]): SeenEndpoint[] {
  return settings.discovery.static.endpoints.map(({ name, url, type }) => {
    const endpoint = given.find((one) => one.name === name);
    return {
      name,
      key: endpointKey(name, url, type),
      type: endpoint?.type ?? DEFAULT_TYPE,
      state: 'healthy',
      reason: '',
      models: endpoint?.models ?? [],
      load: null,
      listedAfterRefresh: 0,
    };
  });
}
