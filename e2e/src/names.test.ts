import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { header } from '@olla/testing/http-message';
import type { Gateway } from '@olla/testing/olla-process';
import { startRawBackend, type RawBackend, type ReceivedRequest } from '@olla/testing/raw-backend';
import { tempFolder } from '@olla/testing/temp-folder';
import { endpointConfig, waitForModel, startGatewayFor } from './start-gateway-for.ts';

const MODELS = {
  bearer: ['Native-A', 'shared-model'],
  key: ['Org/Native-B', 'shared-model'],
  basic: ['c-only'],
  plain: ['whisper-1', 'rerank-1', 'image-1'],
  filtered: ['kept-model', 'secret-model'],
};
type Name = keyof typeof MODELS;

describe('model names and credentials', () => {
  const backends = {} as Record<Name, RawBackend>;
  let gateway: Gateway;
  before(async () => {
    for (const [name, models] of Object.entries(MODELS))
      backends[name as Name] = await startRawBackend({ models });
    const plain = backends.plain.url;
    const passwordFile = join(tempFolder(), 'password');
    writeFileSync(passwordFile, 'from a file\n');
    gateway = await startGatewayFor({
      endpoints: [
        endpointConfig('bearer', backends.bearer, {
          auth: { type: 'bearer', token: '${TEST_TOKEN}' },
          headers: { 'X-Team': 'blue' },
        }),
        endpointConfig('key', backends.key, { auth: { type: 'api_key', key: 'k-e-y', header: 'X-Own-Key' } }),
        endpointConfig('basic', backends.basic, {
          auth: { type: 'basic', username: 'user', password_file: passwordFile },
        }),
        endpointConfig(
          'plain',
          { url: `${plain}/base/path` },
          {
            preserve_path: true,
            health_check_url: `${plain}/v1/models`,
            model_url: `${plain}/v1/models`,
          },
        ),
        endpointConfig('filtered', backends.filtered, { model_filter: { exclude: ['secret*'] } }),
      ],
      config: {
        model_aliases: { Chat: ['gone-model', 'Native-A', 'Org/Native-B'], ghost: ['nobody-has-it'] },
      },
      env: { TEST_TOKEN: 't-o-k-e-n' },
      models: ['Native-A', 'Org/Native-B', 'c-only', 'whisper-1', 'kept-model'],
    });
  });
  after(async () => {
    await gateway.stop();
    await Promise.all(Object.values(backends).map((backend) => backend.close()));
  });

  async function post(
    path: string,
    body: string | FormData,
    headers: Record<string, string> = {},
  ): Promise<Response> {
    return fetch(`${gateway.url}/olla/openai/v1/${path}`, { method: 'POST', headers, body });
  }

  function lastRequestOf(name: Name): ReceivedRequest {
    const request = backends[name].requests.at(-1);
    assert.ok(request !== undefined, `${name} got no request`);
    return request;
  }

  test('replaces only the token of an alias in the body, and sends the name at the endpoint in X-Olla-Model', async () => {
    const body = '{ "messages":[{"model":"Chat"}],\n "model" : "Chat" , "n":1.0, "é":"\\u00e9"}';
    const response = await post('chat/completions', body);
    assert.equal(response.status, 200, await response.text());
    assert.equal(response.headers.get('x-olla-model'), 'Native-A');
    assert.equal(response.headers.get('x-olla-endpoint'), 'bearer');
    assert.equal(response.headers.get('x-olla-routing-strategy'), 'alias');
    assert.equal(
      lastRequestOf('bearer').body().toString(),
      body.replace('"model" : "Chat"', '"model" : "Native-A"'),
    );
  });

  test('lists aliases, and serves every listed name', async () => {
    for (const path of ['/olla/models', '/olla/openai/v1/models']) {
      const { data } = (await (await fetch(gateway.url + path)).json()) as { data: { id: string }[] };
      const ids = data.map(({ id }) => id);
      assert.ok(
        ids.includes('Chat') && !ids.includes('ghost') && !ids.includes('secret-model'),
        ids.join(' '),
      );
      for (const model of ids) {
        const response = await post('chat/completions', JSON.stringify({ model }));
        assert.equal(response.status, 200, `${model}: ${await response.text()}`);
      }
    }
    assert.equal((await post('chat/completions', '{"model":"ghost"}')).status, 404);
    assert.equal((await post('chat/completions', '{"model":"secret-model"}')).status, 404);
  });

  test('routes by `model` on every path that has one', async () => {
    for (const [path, model] of [
      ['images/generations', 'image-1'],
      ['rerank', 'rerank-1'],
      ['audio/speech', 'whisper-1'],
      ['moderations', 'WHISPER-1'],
    ] as const) {
      const response = await post(path, JSON.stringify({ input: 'x', model }));
      assert.equal(response.headers.get('x-olla-endpoint'), 'plain', `${path}: ${await response.text()}`);
      assert.equal(response.headers.get('x-olla-model'), model.toLowerCase());
    }
    for (const path of ['audio/transcriptions', 'audio/translations', 'images/edits']) {
      const form = new FormData();
      form.append('file', new Blob([new Uint8Array(500_000)]), 'speech.wav');
      form.append('model', 'Chat');
      const response = await post(path, form);
      assert.equal(response.status, 200, await response.text());
      // The gateway reads up to `model` behind the file and replaces it there.
      assert.equal(response.headers.get('x-olla-model'), 'Native-A', path);
      const received = lastRequestOf('bearer').body();
      assert.ok(received.includes('name="model"\r\n\r\nNative-A\r\n'), path);
      assert.ok(received.length > 500_000);
    }
  });

  test("sends an endpoint's credentials only to it, and the client's to endpoints without credentials", async () => {
    const client = { Authorization: 'Bearer client', 'X-Api-Key': 'client-key' };
    const seen = async (name: Name, model: string): Promise<(string | undefined)[]> => {
      await (await post('chat/completions', JSON.stringify({ model }), client)).text();
      const request = lastRequestOf(name);
      return ['authorization', 'x-api-key', 'x-own-key', 'x-team'].map((field) => header(request, field));
    };
    assert.deepEqual(await seen('bearer', 'Native-A'), ['Bearer t-o-k-e-n', undefined, undefined, 'blue']);
    assert.deepEqual(await seen('key', 'Org/Native-B'), [undefined, undefined, 'k-e-y', undefined]);
    const basic = `Basic ${Buffer.from('user:from a file').toString('base64')}`;
    assert.deepEqual(await seen('basic', 'c-only'), [basic, undefined, undefined, undefined]);
    assert.deepEqual(await seen('plain', 'whisper-1'), ['Bearer client', 'client-key', undefined, undefined]);
    for (const [name, { requests }] of Object.entries(backends))
      for (const request of requests)
        if (name !== 'bearer') assert.doesNotMatch(request.rawHead, /t-o-k-e-n|X-Team/i, name);
  });

  test('keeps the path of the URL and the query with preserve_path', async () => {
    await (await post('chat/completions?a=%2F', '{"model":"whisper-1"}')).text();
    assert.equal(lastRequestOf('plain').target, '/base/path/v1/chat/completions?a=%2F');
  });

  test('uses the next model of an alias when no endpoint has the first', async () => {
    await backends.bearer.close();
    const during = await post('chat/completions', '{"model":"Chat"}');
    assert.equal(during.headers.get('x-olla-model'), 'Org/Native-B', await during.text());
    assert.equal(lastRequestOf('key').body().toString(), '{"model":"Org/Native-B"}');
    backends.bearer = await startRawBackend({ models: ['Native-A'], port: backends.bearer.port });
    await waitForModel(gateway, 'Native-A');
  });
});
