import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assertError } from '@olla/testing/assert-response';
import { chunk } from '@olla/testing/raw-backend';
import { chunkedPost, postBytes } from '@olla/testing/request-bytes';
import { waitFor } from '@olla/testing/wait-for';
import { startWithBackends } from '../../testing/gateway-with-backends.ts';

const OLLAMA_CHAT = '/olla/ollama/api/chat';
const FILL = 'x'.repeat(700_000);
const START = `{"model":"m","a":{"model":"nested"},"input":"${FILL}"`;
const SPECS = { only: { type: 'ollama', models: ['m', 'n'] } } as const;

/** The body in chunks of 50,000 bytes, so that it streams long before its end. */
const inChunks = (body: string): string[] => body.match(/[^]{1,50000}/g) ?? [];

describe('a second model in a body that already streams', () => {
  for (const [what, end] of [
    ['another one', ',"model":"n"}'],
    ['another one in another letter case', ',"MODEL":"n"}'],
    ['another one with an escape', ',"\\u006dodel":"n"}'],
    ['an empty one', ',"model":""}'],
    ['a number', ',"model":7}'],
  ] as const)
    for (const framing of ['counted', 'chunked'] as const)
      test(`aborts the attempt when it is ${what}, ${framing}`, async (t) => {
        const { backends, connect } = await startWithBackends(t, SPECS);
        const client = await connect();
        const bytes =
          framing === 'counted'
            ? postBytes(START + end, [], OLLAMA_CHAT)
            : chunkedPost(inChunks(START + end), [], OLLAMA_CHAT);
        client.write(bytes);
        const response = await client.nextResponse();
        assert.deepEqual([response.status, response.header('x-olla-error-code')], [400, 'INVALID_MODEL']);
        for (const request of backends.only.requests) {
          assert.equal(request.complete, false);
          await waitFor(() => request.gone, { describe: 'the abort at the backend', intervalMs: 1 });
        }
      });

  test('is found if its name is split over two chunks', async (t) => {
    const { backends, connect } = await startWithBackends(t, SPECS);
    const client = await connect();
    client.write(
      `POST ${OLLAMA_CHAT} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n${chunk(`${START},"mo`)}`,
    );
    await waitFor(() => backends.only.requests.length > 0, { describe: 'the beginning', intervalMs: 1 });
    client.write(`${chunk('del":"n"}')}0\r\n\r\n`);
    assert.equal((await client.nextResponse()).status, 400);
    assert.equal(backends.only.requests[0]?.complete, false);
  });

  for (const [what, body] of [
    ['the same', `${START},"model":"m"}`],
    ['within another value', `${START},"z":[{"model":"n","Model":1},"model",{"a":"\\"model\\":"}]}`],
  ] as const)
    test(`is accepted if it is ${what}`, async (t) => {
      const { backends, send } = await startWithBackends(t, SPECS);
      for (const bytes of [postBytes(body, [], OLLAMA_CHAT), chunkedPost(inChunks(body), [], OLLAMA_CHAT)])
        assert.equal((await send(bytes)).status, 200);
      for (const request of backends.only.requests) assert.equal(request.body().toString(), body);
    });

  test('is ignored for a server that distinguishes letter cases', async (t) => {
    const { send } = await startWithBackends(t, { only: { type: 'vllm', models: ['m', 'n'] } });
    assert.equal((await send(postBytes(`${START},"Model":"n"}`))).status, 200);
    assertError(await send(postBytes(`${START},"model":"n"}`)), 400, 'INVALID_MODEL');
  });

  test('is refused if it would have to be replaced too late', async (t) => {
    const { send } = await startWithBackends(t, SPECS, { config: { model_aliases: { short: ['n'] } } });
    const body = `${START.replace('"m"', '"short"')},"model":"short"}`;
    const { message } = assertError(await send(postBytes(body)), 400, 'INVALID_MODEL');
    assert.match(message, /Send it once/);
  });

  test('of broken JSON does not reach an endpoint with a filter', async (t) => {
    const { backends, send } = await startWithBackends(t, {
      only: { models: ['m'], config: { model_filter: { exclude: ['n'] } } },
    });
    assertError(await send(postBytes(`${START} "model":"n"}`)), 400, 'INVALID_MODEL');
    for (const request of backends.only.requests) assert.equal(request.complete, false);
  });
});
