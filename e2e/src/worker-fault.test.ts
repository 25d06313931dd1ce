import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { chunk, startRawBackend, whenComplete } from '@olla/testing/raw-backend';
import { openConnection, sendRaw } from '@olla/testing/raw-http';
import { postBytes } from '@olla/testing/request-bytes';
import { tempFolder } from '@olla/testing/temp-folder';
import { waitFor } from '@olla/testing/wait-for';
import { endpointConfig, startGatewayFor } from './start-gateway-for.ts';

const HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n';
const END = `${chunk('data: [DONE]\n\n')}0\r\n\r\n`;
const ASK = postBytes('{"model":"m","stream":true}');

/** Loaded into each process of the gateway: a signal becomes a fault outside any request. */
const INJECT = `process.on('SIGUSR2', () => setImmediate(() => { throw new Error('injected fault'); }));`;

describe('a fault outside any request', () => {
  test('a worker with a fault outside any request is replaced at once, and finishes its streams', async (t) => {
    const preload = join(tempFolder(), 'inject.mjs');
    writeFileSync(preload, INJECT);
    const backend = await startRawBackend({ models: ['m'] });
    t.after(() => backend.close());
    const gateway = await startGatewayFor({
      endpoints: [endpointConfig('only', backend)],
      models: ['m'],
      workers: 1,
      env: { NODE_OPTIONS: `--import=${preload}` },
    });
    t.after(() => gateway.stop());

    const begun = Promise.withResolvers<() => void>();
    backend.respond = (request) =>
      whenComplete(request, () => {
        request.socket.write(HEAD + chunk('data: 1\n\n'));
        begun.resolve(() => request.socket.write(END));
      });
    const stream = await openConnection(gateway.port);
    t.after(() => stream.destroy());
    stream.write(ASK);
    await stream.nextHead();
    const finish = await begun.promise;

    const [faulty] = gateway.children().workers as [number];
    process.kill(faulty, 'SIGUSR2');
    const successor = await waitFor(() => gateway.children().workers.find((pid) => pid !== faulty), {
      describe: 'a second worker',
    });
    backend.respond = (request) => whenComplete(request, () => void request.socket.write(HEAD + END));
    await waitFor(async () => (await sendRaw(gateway.port, ASK)).status === 200, {
      describe: 'the second worker to serve',
    });
    assert.ok(gateway.children().workers.includes(faulty), 'the first still has its stream');

    finish();
    assert.match((await stream.nextResponse()).text(), /data: 1\n\ndata: \[DONE\]/);
    await waitFor(() => gateway.children().workers.join() === String(successor), {
      describe: 'the first worker to end',
    });
    assert.match(gateway.process.output, /injected fault/);
  });
});
