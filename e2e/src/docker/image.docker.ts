import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { waitFor } from '@olla/testing/wait-for';
import type { GenericContainer, StartedNetwork, StartedTestContainer } from 'testcontainers';
import { buildImage, IMAGE } from './build-image.ts';
import { chat, MODEL, startComposeBackend } from './compose-backend.ts';
import { ComposeProject } from './compose-project.ts';
import { callEngine } from './engine-api.ts';
import { needEngine, type Engine } from './engine.ts';

const LIMIT = 20;
const BUILT_AT = '2026-11-30T12:00:00.000Z';
const COMMIT = 'f00df00df00df00df00df00df00df00df00df00d';
/** The code of an OpenAI-compatible server with one model, which runs in the image's own runtime. */
const BACKEND = `
  const models = JSON.stringify({ object: 'list', data: [{ id: '${MODEL}', object: 'model' }] });
  require('node:http').createServer((request, response) => {
    request.resume().on('end', () => {
      response.setHeader('content-type', 'application/json');
      response.end(request.url === '/v1/models' ? models : '{"ok":true}');
    });
  }).listen(8000, '0.0.0.0', () => console.log('backend listens'));
`;
const CONFIG = JSON.stringify({
  server: {
    workers: 1,
    rate_limits: { global_requests_per_minute: LIMIT, burst_size: LIMIT, per_ip_requests_per_minute: 0 },
  },
  redis: { url: 'redis://redis:6379' },
  discovery: {
    agent: 'external',
    static: {
      endpoints: [
        { name: 'one', url: 'http://backend:8000', type: 'openai-compatible', check_interval: '300ms' },
      ],
    },
  },
});

interface Status {
  cluster: { gateways: unknown[]; agents: unknown[] };
}

let engine: Engine;

before(async () => {
  engine = await needEngine();
  process.env['DOCKER_HOST'] = `unix://${engine.socketPath}`;
  process.env['TESTCONTAINERS_RYUK_DISABLED'] = 'true';
  await buildImage(engine, { OLLA_COMMIT: COMMIT, OLLA_BUILT_AT: BUILT_AT });
});
after(() => engine.stop());

async function inspect<T>(path: string): Promise<T> {
  const { status, text } = await callEngine(engine.socketPath, 'GET', path);
  assert.equal(status, 200, `${path}: ${text}`);
  return JSON.parse(text) as T;
}

async function becomesHealthy(container: string): Promise<void> {
  await waitFor(
    async () => {
      const { State } = await inspect<{ State: { Health: { Status: string } } }>(
        `/containers/${container}/json`,
      );
      return State.Health.Status === 'healthy';
    },
    { describe: `the container ${container} to be healthy`, timeoutMs: 60_000, intervalMs: 200 },
  );
}

describe('containers of the image that docker build makes', () => {
  let network: StartedNetwork | undefined;
  let gateways: StartedTestContainer[];
  const started: StartedTestContainer[] = [];

  before(async () => {
    // Reads the environment when it is loaded.
    const { GenericContainer, Network, Wait } = await import('testcontainers');
    const shared = await new Network().start();
    network = shared;
    const start = async (container: GenericContainer): Promise<StartedTestContainer> => {
      const running = await container.withStartupTimeout(60_000).start();
      started.push(running);
      return running;
    };
    const contained = (name: string): GenericContainer =>
      new GenericContainer(IMAGE)
        .withNetwork(shared)
        .withNetworkAliases(name)
        .withCopyContentToContainer([{ content: CONFIG, target: '/etc/olla/config.yaml' }]);
    await start(
      new GenericContainer('redis:8')
        .withCommand(['redis-server', '--save', ''])
        .withNetwork(shared)
        .withNetworkAliases('redis')
        .withWaitStrategy(Wait.forLogMessage('Ready to accept connections')),
    );
    await start(
      contained('backend')
        .withEntrypoint(['node', '-e', BACKEND])
        .withWaitStrategy(Wait.forLogMessage('backend listens')),
    );
    await start(contained('agent').withCommand(['agent']).withWaitStrategy(Wait.forLogMessage('leads')));
    const gateway = (name: string): GenericContainer =>
      contained(name)
        .withExposedPorts(40114)
        .withWaitStrategy(Wait.forHttp('/internal/health/ready', 40114).forStatusCode(200));
    gateways = await Promise.all([start(gateway('gateway-1')), start(gateway('gateway-2'))]);
  });
  after(async () => {
    await Promise.all(started.map((container) => container.stop({ timeout: 5_000 })));
    await network?.stop();
  });

  function urlOf(gateway: StartedTestContainer): string {
    return `http://${gateway.getHost()}:${gateway.getMappedPort(40114)}`;
  }

  test('are small, run as a user without rights, and have no shell', async () => {
    const image = await inspect<{ Size: number; Config: { User: string } }>(`/images/${IMAGE}/json`);
    assert.equal(image.Config.User, '10001:10001');
    assert.ok(image.Size < 200 * 1024 * 1024, `${image.Size} bytes`);
    const shell = await gateways[0]!.exec(['sh', '-c', 'true']).catch(() => ({ exitCode: 127 }));
    assert.notEqual(shell.exitCode, 0);
  });

  test('become healthy by the health check of the image', async () => {
    await becomesHealthy(gateways[0]!.getId());
  });

  test('report the commit and the date of the build', async () => {
    const response = await fetch(`${urlOf(gateways[0]!)}/version`);
    const { build } = (await response.json()) as { build: { commit: string; date: string } };
    assert.deepEqual([build.commit, build.date], [COMMIT, BUILT_AT]);
  });

  test('share one Redis: either gateway reports both, and the agent', async () => {
    for (const gateway of gateways)
      await waitFor(
        async () => {
          const { cluster } = (await (await fetch(`${urlOf(gateway)}/internal/status`)).json()) as Status;
          return cluster.gateways.length === 2 && cluster.agents.length === 1;
        },
        { describe: 'both gateways and the agent in the status' },
      );
  });

  test('together admit as many requests as the limit allows', async () => {
    const startedAt = performance.now();
    const statuses: number[] = [];
    for (let n = 0; n < 2 * LIMIT; n += 1) statuses.push(await chat(urlOf(gateways[n % 2]!)));
    const admitted = statuses.filter((status) => status === 200).length;
    const allowed = LIMIT + (LIMIT * (performance.now() - startedAt)) / 60_000;
    assert.ok(admitted <= allowed, `${admitted} were admitted, ${allowed} are allowed`);
    assert.ok(admitted >= LIMIT, `${admitted} were admitted, ${LIMIT} can be at once`);
    assert.deepEqual([...new Set(statuses)].sort(), [200, 429]);
  });

  test('run the console', async () => {
    const { exitCode, output } = await gateways[0]!.exec(['node', '/opt/olla/olla.js', 'ctl', 'endpoints']);
    assert.equal(exitCode, 0, output);
    assert.match(output, /one\b.*healthy/);
  });

  test('end with exit code 0 on docker stop', async () => {
    const [gateway] = gateways;
    const id = gateway!.getId();
    await callEngine(engine.socketPath, 'POST', `/containers/${id}/stop?t=20`);
    const { text } = await callEngine(engine.socketPath, 'GET', `/containers/${id}/json`);
    assert.equal((JSON.parse(text) as { State: { ExitCode: number } }).State.ExitCode, 0);
  });
});

describe('docker compose up', () => {
  let project: ComposeProject;
  let closeBackend: () => Promise<void>;

  before(async () => {
    closeBackend = await startComposeBackend();
    project = new ComposeProject();
    await project.up();
  });
  after(async () => {
    await project.down();
    await closeBackend();
  });

  test('answers a chat at port 40114 through HAProxy, from a server on the machine of the containers', async () => {
    await waitFor(async () => (await chat(ComposeProject.url)) === 200, {
      describe: 'a chat to be answered',
      timeoutMs: 60_000,
    });
  });

  test('starts two healthy gateways, an agent and a healthy Redis', async () => {
    for (const service of ['gateway-1', 'gateway-2', 'redis'])
      await becomesHealthy(await project.containerOf(service));
    await waitFor(
      async () => {
        const response = await fetch(`${ComposeProject.url}/internal/status`);
        const { cluster } = (await response.json()) as Status;
        return cluster.gateways.length === 2 && cluster.agents.length === 1;
      },
      { describe: 'both gateways and the agent in the status' },
    );
  });

  test('still answers while one gateway is stopped', async () => {
    const statuses: number[] = [];
    const ask = async (): Promise<void> => {
      // Fewer than the burst that one client's address has.
      for (let n = 0; n < 10; n += 1) statuses.push(await chat(ComposeProject.url));
    };
    await Promise.all([project.stop('gateway-1'), ask()]);
    await ask();
    assert.deepEqual([...new Set(statuses)], [200]);
  });
});
