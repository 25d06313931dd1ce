import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { settingsSchema } from '@olla/config/schema';
import type { Instance } from '@olla/core/instance';
import type { EndpointSnapshot, Snapshot } from '@olla/core/snapshot';
import { runAgent, type RunningAgent } from '../src/agent.ts';
import type { AgentLog } from '../src/agent-log.ts';
import { respondWith, TestServer, type Handler } from './test-server.ts';
import type { TestStore } from './test-store.ts';

export type EndpointInput = { name: string; type: string; url: string | undefined } & Record<string, unknown>;

/** Starts a server that ends with the test. */
export async function startServer(
  t: TestContext,
  handler: Handler | Record<string, unknown>,
): Promise<TestServer> {
  const server = await TestServer.start(typeof handler === 'function' ? handler : respondWith(handler));
  t.after(() => server.close());
  return server;
}

/** Runs an agent that ends with the test. An endpoint is checked once a minute unless it is configured otherwise. */
export function runTestAgent(
  t: TestContext,
  store: TestStore,
  endpoints: readonly EndpointInput[],
  id = 'agent-1',
  config: Readonly<Record<string, unknown>> = {},
): RunningAgent {
  const settings = settingsSchema.parse({
    ...config,
    discovery: {
      static: {
        endpoints: endpoints.map((one) => ({ check_interval: '60s', check_timeout: '10s', ...one })),
      },
    },
  });
  const self: Instance = {
    id,
    role: 'agent',
    host: 'h',
    gateway: id,
    pid: 1,
    version: '9.9.9',
    startedAt: 0,
    configHash: '',
  };
  const agent = runAgent({ settings, state: store.view(id), self, log: logTo(store.lines) });
  t.after(() => agent.stop());
  return agent;
}

function logTo(lines: string[]): AgentLog {
  const write =
    (level: string) =>
    (message: string): void =>
      void lines.push(`${level} ${message}`);
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
}

/** Resolves with the first snapshot in which the agent has checked every endpoint. */
export async function untilChecked(agent: RunningAgent, store: TestStore): Promise<Snapshot> {
  await agent.ready;
  return store.when(
    ({ endpoints }) => endpoints.every(({ checkedAt }) => checkedAt !== null),
    'all endpoints are checked',
  );
}

export function endpointIn(snapshot: Snapshot | undefined, name: string): EndpointSnapshot {
  const found = snapshot?.endpoints.find((one) => one.name === name);
  assert.ok(found, `endpoint ${name}`);
  return found;
}

export function stateIn(snapshot: Snapshot, name: string): string {
  return endpointIn(snapshot, name).state;
}

/** The native names of the models that an endpoint has by a snapshot. */
export function modelsIn(snapshot: Snapshot, endpoint: string): string[] {
  return snapshot.catalog.models
    .flatMap(({ locations }) => locations)
    .filter((location) => location.endpoint === endpoint)
    .map(({ model }) => model.name);
}
