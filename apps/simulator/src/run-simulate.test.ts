import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { demoFleetSpec } from './demo-fleet.ts';
import { startFleet } from './start-fleet.ts';
import { parseFleetSpec } from './fleet-spec.ts';
import { runSimulate } from './run-simulate.ts';
import { askRaw, postRequest } from './testing/raw-exchange.ts';

let folder: string;
before(async () => (folder = await mkdtemp(join(tmpdir(), 'simulate-'))));
after(() => rm(folder, { recursive: true }));

/** Runs until it has printed, then stops it as Ctrl+C does. */
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

test('a bad flag, an unreadable file, a bad fleet and a taken port each say so', async () => {
  const bad = join(folder, 'bad.yaml');
  await writeFile(bad, 'servers:\n  - { name: x, type: nope }\n  - { name: y, type: vllm, prot: 1 }\n');
  await assert.rejects(runOnce({ seed: 'x' }), /--seed takes a number, not "x"/);
  await assert.rejects(runOnce({ fleet: join(folder, 'none') }), /cannot read the fleet file .*none: ENOENT/);
  await assert.rejects(runOnce({ fleet: bad }), /bad\.yaml: servers\.0\.type: [^]*servers\.1: [^]*prot/);
  const holder = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => holder.once('listening', resolve));
  const { port } = holder.address() as { port: number };
  await assert.rejects(runOnce({ controlPort: String(port) }), new RegExp(`port ${port} is in use`));
  holder.close();
});

test('names a server twice: refused', () => {
  const server = { name: 'a', type: 'vllm' };
  assert.throws(() => parseFleetSpec({ servers: [server, server] }), /two are named "a"/);
});

test('the demo fleet starts, and its cold models answer too', async () => {
  const fleet = await startFleet({ ...demoFleetSpec(), timeScale: 20 });
  try {
    for (const server of fleet.servers) {
      for (const { name } of server.snapshot().models.filter((model) => !/embed|bge/.test(model.name))) {
        const body = { model: name, messages: [{ role: 'user', content: 'hi' }], max_tokens: 2 };
        assert.equal(
          (await askRaw(server.port, postRequest('/v1/chat/completions', body))).status,
          200,
          `${server.name} ${name}`,
        );
      }
    }
  } finally {
    await fleet.close();
  }
});
