import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { demoFleetSpec } from './demo-fleet.ts';
import { parseFleetSpec } from './fleet-spec.ts';
import { runSimulate } from './run-simulate.ts';
import { startSimulatedFleet } from './simulated-fleet.ts';
import { sendRaw, postRequest } from '../testing/raw-connection.ts';

let folder: string;
before(async () => (folder = await mkdtemp(join(tmpdir(), 'simulate-'))));
after(() => rm(folder, { recursive: true }));

/** Stops the fleet with SIGINT when it has printed. Resolves with the printed text. */
async function runOnce(flags: Parameters<typeof runSimulate>[0]): Promise<string> {
  let printed = '';
  await runSimulate(flags, (text) => {
    printed += text;
    setImmediate(() => process.emit('SIGINT'));
  });
  return printed;
}

test('serves the fleet of a file until a signal comes', async () => {
  const file = join(folder, 'fleet.yaml');
  await writeFile(
    file,
    'controlPort: 0\nservers:\n  - { name: desk, type: ollama, models: [{ name: "a:1b", loaded: true }, "b:7b"] }\n',
  );
  assert.match(
    await runOnce({ fleet: file }),
    /desk {2}ollama {2}http:\/\/127\.0\.0\.1:\d+ {2}a:1b\*, b:7b\n\nControl API: http/,
  );
  const json = JSON.parse(await runOnce({ fleet: file, json: true })) as {
    servers: { name: string; port: number }[];
  };
  assert.deepEqual(
    json.servers.map((server) => server.name),
    ['desk'],
  );
});

test('rejects a bad flag, an unreadable file, a fleet that is not valid and a taken port, and names each', async () => {
  const bad = join(folder, 'bad.yaml');
  await writeFile(bad, 'servers:\n  - { name: x, type: nope }\n  - { name: y, type: vllm, prot: 1 }\n');
  await assert.rejects(runOnce({ seed: 'x' }), /--seed must be a number, not "x"/);
  await assert.rejects(runOnce({ fleet: join(folder, 'none') }), /cannot read the fleet file .*none: ENOENT/);
  await assert.rejects(runOnce({ fleet: bad }), /bad\.yaml: servers\.0\.type: [^]*servers\.1: [^]*prot/);
  const holder = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => holder.once('listening', resolve));
  const { port } = holder.address() as { port: number };
  await assert.rejects(runOnce({ controlPort: String(port) }), new RegExp(`port ${port} is in use`));
  holder.close();
});

test('rejects a fleet with two servers of one name', () => {
  const server = { name: 'a', type: 'vllm' };
  assert.throws(() => parseFleetSpec({ servers: [server, server] }), /two servers are named "a"/);
});

test('answers requests to all models of the demo fleet, cold ones too', async () => {
  const fleet = await startSimulatedFleet({ ...demoFleetSpec(), timeScale: 20 });
  try {
    for (const server of fleet.servers) {
      for (const { name } of server.snapshot().models.filter((model) => !/embed|bge/.test(model.name))) {
        const body = { model: name, messages: [{ role: 'user', content: 'hi' }], max_tokens: 2 };
        assert.equal(
          (await sendRaw(server.port, postRequest('/v1/chat/completions', body))).status,
          200,
          `${server.name} ${name}`,
        );
      }
    }
  } finally {
    await fleet.close();
  }
});
