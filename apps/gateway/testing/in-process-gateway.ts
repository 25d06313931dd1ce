import { loadSettings } from '@olla/config/load';
import type { Settings } from '@olla/config/schema';
import type { BackendType } from '@olla/core/backend-type';
import { endpointKey } from '@olla/core/endpoint-key';
import type { Instance } from '@olla/core/instance';
import type { IpcChannel } from '@olla/state/channel/ipc-channel';
import { localChannel } from '@olla/state/channel/local-channel';
import { connectState } from '@olla/state/connect-state';
import { createHub, type Hub } from '@olla/state/create-hub';
import type { SharedState } from '@olla/state/shared-state';
import { writeConfig } from '@olla/testing/olla-process';
import { tempFolder } from '@olla/testing/temp-folder';
import { runWorker, type RunningWorker } from '../src/run-worker.ts';
import { FakeAgent, type SeenEndpoint } from './fake-agent.ts';
import { HeldChannel } from './held-channel.ts';
import { RecordingLog } from './recording-log.ts';

/** An endpoint of the gateway, and the models that the agent says it has. */
export interface TestEndpoint {
  readonly name: string;
  readonly url: string;
  /** Default `openai-compatible`. */
  readonly type?: BackendType;
  readonly models?: readonly string[];
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
}

/** Workers that run inside the test's process, with their shared state in memory and an agent that a test speaks for. */
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
  /** What all its workers logged. */
  readonly log: RecordingLog;
  /** The agent's end of the shared state. */
  readonly state: SharedState;
  /** Cuts off what still runs after `timeoutMs`; default 0. */
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
  const primary = instance('primary', 'primary');
  const hub = createHub({ self: primary, redis: null });
  const self = instance('agent', primary.id);
  const state = await connectState({ self, redis: null, channel: join(hub, self) });
  const agent = await FakeAgent.lead(state, seenEndpoints(settings, options.endpoints));
  await agent.publish();
  const log = new RecordingLog();
  const workers: RunningWorker[] = [];
  const channels: HeldChannel[] = [];
  for (let n = 0; n < (options.workers ?? 1); n += 1) {
    const self = instance('worker', primary.id);
    const channel = new HeldChannel(join(hub, self));
    channels.push(channel);
    workers.push(
      await runWorker({
        init: {
          olla: 'init',
          settings,
          self,
          build: { version: self.version, commit: null, builtAt: null },
          redis: null,
          listen: { hosts: ['127.0.0.1'], port: 0 },
          adminToken: options.adminToken ?? null,
        },
        state: await connectState({ self, redis: null, channel }),
        log,
        format: 'json',
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
      await state.close();
      await hub.close();
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
  const loaded = loadSettings({ file, env: {}, cwd: tempFolder() });
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
    };
  });
}

/** @returns the member's end of its channel */
function join(hub: Hub, self: Instance): IpcChannel {
  const channel = localChannel();
  hub.attach(channel.parent, self);
  return channel.child;
}

let instances = 0;

function instance(role: Instance['role'], gateway: string): Instance {
  instances += 1;
  const id = `${role}-${instances}`;
  return {
    id,
    role,
    host: 'test-host',
    gateway: role === 'primary' ? id : gateway,
    pid: process.pid,
    version: '0.0.0',
    startedAt: Date.now(),
    configHash: 'test',
  };
}
