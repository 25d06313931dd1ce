import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { tempFolder } from '@olla/testing/temp-folder';
import { waitFor } from '@olla/testing/wait-for';
import type { StartedNetwork, StartedTestContainer, GenericContainer } from 'testcontainers';
import { callEngine } from './engine-api.ts';
import { needEngine, type Engine } from './engine.ts';
import { finalInstructions, importImage } from './import-image.ts';
import { makeRedisRoot } from './redis-root.ts';

const root = join(import.meta.dirname, '../../..');
const IMAGE = 'olla-under-test:e2e';
const MODEL = 'contained-model';
const LIMIT = 20;
/** Runs in the image's own runtime: an OpenAI-compatible server of one model. */
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

suite('the image', () => {
  let engine: Engine;
  let network: StartedNetwork | undefined;
  let gateways: StartedTestContainer[];
  const started: StartedTestContainer[] = [];

  before(async () => {
    engine = await needEngine();
    process.env['DOCKER_HOST'] = `unix://${engine.socketPath}`;
    process.env['TESTCONTAINERS_RYUK_DISABLED'] = 'true';
    await importImages(engine);
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
      new GenericContainer('redis-under-test:e2e')
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
    await engine.stop();
  });

  function urlOf(gateway: StartedTestContainer): string {
    return `http://${gateway.getHost()}:${gateway.getMappedPort(40114)}`;
  }

  test('it is small, runs as a user without rights, and holds no shell', async () => {
    const { text } = await callEngine(engine.socketPath, 'GET', `/images/${IMAGE}/json`);
    const image = JSON.parse(text) as { Size: number; Config: { User: string } };
    assert.equal(image.Config.User, '10001:10001');
    assert.ok(image.Size < 200 * 1024 * 1024, `${image.Size} bytes`);
    const shell = await gateways[0]!.exec(['sh', '-c', 'true']).catch(() => ({ exitCode: 127 }));
    assert.notEqual(shell.exitCode, 0);
  });

  test('its health check says that it is well', async () => {
    await waitFor(
      async () => {
        const id = gateways[0]!.getId();
        const { text } = await callEngine(engine.socketPath, 'GET', `/containers/${id}/json`);
        return (
          (JSON.parse(text) as { State: { Health: { Status: string } } }).State.Health.Status === 'healthy'
        );
      },
      { describe: 'the container to be healthy', timeoutMs: 30_000, intervalMs: 200 },
    );
  });

  test('two gateways share one Redis: either tells of both, and of the agent', async () => {
    for (const gateway of gateways)
      await waitFor(
        async () => {
          const { cluster } = (await (await fetch(`${urlOf(gateway)}/internal/status`)).json()) as Status;
          return cluster.gateways.length === 2 && cluster.agents.length === 1;
        },
        { describe: 'both gateways and the agent in the status' },
      );
  });

  test('together they admit what the limit allows, through to the backend', async () => {
    const ask = async (gateway: StartedTestContainer): Promise<number> => {
      const response = await fetch(`${urlOf(gateway)}/olla/openai/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ model: MODEL }),
      });
      await response.text();
      return response.status;
    };
    const startedAt = performance.now();
    const statuses: number[] = [];
    for (let n = 0; n < 2 * LIMIT; n += 1) statuses.push(await ask(gateways[n % 2]!));
    const admitted = statuses.filter((status) => status === 200).length;
    const allowed = LIMIT + (LIMIT * (performance.now() - startedAt)) / 60_000;
    assert.ok(admitted <= allowed, `${admitted} were admitted, ${allowed} are allowed`);
    assert.ok(admitted >= LIMIT, `${admitted} were admitted, ${LIMIT} can be at once`);
    assert.deepEqual([...new Set(statuses)].sort(), [200, 429]);
  });

  test('the console works inside it', async () => {
    const { exitCode, output } = await gateways[0]!.exec(['node', '/opt/olla/olla.js', 'ctl', 'endpoints']);
    assert.equal(exitCode, 0, output);
    assert.match(output, /one\b.*healthy/);
  });

  test('it ends by itself when it is told to', async () => {
    const [gateway] = gateways;
    const id = gateway!.getId();
    await callEngine(engine.socketPath, 'POST', `/containers/${id}/stop?t=20`);
    const { text } = await callEngine(engine.socketPath, 'GET', `/containers/${id}/json`);
    assert.equal((JSON.parse(text) as { State: { ExitCode: number } }).State.ExitCode, 0);
  });
});

/** The project's image, with the instructions of its Dockerfile, and one of Debian's Redis. */
async function importImages({ socketPath }: Engine): Promise<void> {
  const image = join(tempFolder(), 'image');
  const make = spawnSync(
    join(root, 'deploy/docker/make-root.sh'),
    [image, join(root, 'node_modules/node/bin/node'), join(root, 'dist/olla')],
    { encoding: 'utf8' },
  );
  assert.equal(make.status, 0, `${make.stdout}${make.stderr}`);
  const dockerfile = readFileSync(join(root, 'deploy/docker/Dockerfile'), 'utf8');
  await importImage(socketPath, image, 'olla-under-test', finalInstructions(dockerfile));
  await importImage(socketPath, makeRedisRoot(), 'redis-under-test', [
    'WORKDIR /data',
    'ENTRYPOINT ["/usr/bin/redis-server", "--bind", "0.0.0.0", "--protected-mode", "no", "--save", ""]',
  ]);
}
