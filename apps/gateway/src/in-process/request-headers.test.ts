import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { assertOnEveryResponse } from '@olla/testing/assert-response';
import { header } from '@olla/testing/http-message';
import { jsonResponse, whenComplete } from '@olla/testing/raw-backend';
import { postBytes, requestBytes } from '@olla/testing/request-bytes';
import { tempFolder } from '@olla/testing/temp-folder';
import { startWithBackends } from '../../testing/gateway-with-backends.ts';

const MODEL = 'm';
const SPECS = { only: { models: [MODEL] } };
const BODY = `{"model":"${MODEL}"}`;

describe('the headers that a backend gets', () => {
  test('are those of the client from end to end, without those of the connection (RFC 9110 §7.6.1)', async (t) => {
    const { backends, send } = await startWithBackends(t, SPECS);
    await send(
      postBytes(BODY, [
        'X-Custom: kept',
        'x-TWICE: 1',
        'X-Twice:   2',
        'Accept-Encoding: br',
        'Authorization: Bearer client',
        'Cookie: secret=1',
        'Connection: keep-alive, X-Hop',
        'X-Hop: dropped',
        'Proxy-Connection: keep-alive',
        'Proxy-Authorization: Basic x',
        'TE: trailers',
        'Upgrade: h2c',
        'Expect: miracles',
      ]),
    );
    const [request = assert.fail()] = backends.only.requests;
    for (const [name, value] of [
      ['x-custom', 'kept'],
      ['accept-encoding', 'br'],
      ['authorization', 'Bearer client'],
      ['content-type', 'application/json'],
      ['host', new URL(backends.only.url).host],
      ['via', '1.1 olla'],
      ['x-forwarded-host', 'gateway.test'],
      ['x-forwarded-proto', 'http'],
    ] as const)
      assert.equal(header(request, name), value, name);
    assert.deepEqual(
      request.headers.filter(([name]) => name.toLowerCase() === 'x-twice'),
      [
        ['x-TWICE', '1'],
        ['X-Twice', '2'],
      ],
    );
    for (const name of [
      'cookie',
      'x-hop',
      'proxy-connection',
      'proxy-authorization',
      'te',
      'upgrade',
      'expect',
      'origin',
    ])
      assert.equal(header(request, name), undefined, name);
  });

  test('have the credentials of its endpoint and of no other, instead of those of the client', async (t) => {
    const passwordFile = join(tempFolder(), 'password');
    writeFileSync(passwordFile, 'pass\n');
    const { backends, send } = await startWithBackends(t, {
      bearer: {
        models: ['a'],
        config: { auth: { type: 'bearer', token: 't-o-k-e-n' }, headers: { 'X-Team': 'blue' } },
      },
      key: { models: ['b'], config: { auth: { type: 'api_key', key: 'k-e-y', header: 'X-Own-Key' } } },
      basic: {
        models: ['c'],
        config: { auth: { type: 'basic', username: 'user', password_file: passwordFile } },
      },
      plain: { models: ['d'] },
    });
    const basic = `Basic ${Buffer.from('user:pass').toString('base64')}`;
    for (const [name, model, expected] of [
      ['bearer', 'a', ['Bearer t-o-k-e-n', undefined, undefined, 'blue']],
      ['key', 'b', [undefined, undefined, 'k-e-y', undefined]],
      ['basic', 'c', [basic, undefined, undefined, undefined]],
      ['plain', 'd', ['Bearer client', 'client-key', undefined, undefined]],
    ] as const) {
      await send(
        postBytes(JSON.stringify({ model }), ['Authorization: Bearer client', 'X-Api-Key: client-key']),
      );
      const [request = assert.fail()] = backends[name].requests;
      assert.deepEqual(
        ['authorization', 'x-api-key', 'x-own-key', 'x-team'].map((field) => header(request, field)),
        expected,
        name,
      );
    }
    for (const [name, { requests }] of Object.entries(backends))
      for (const request of requests)
        if (name !== 'bearer') assert.doesNotMatch(request.rawHead, /t-o-k-e-n|X-Team/i, name);
  });

  test('request no other protocol: the request is relayed as an ordinary one', async (t) => {
    const { backends, send } = await startWithBackends(t, SPECS);
    const response = await send(
      requestBytes('GET', '/olla/proxy/v1/files', ['Connection: Upgrade', 'Upgrade: h2c']),
    );
    assert.equal(response.status, 200);
    const [request = assert.fail()] = backends.only.requests;
    for (const name of ['connection', 'upgrade']) assert.equal(header(request, name), undefined, name);
  });

  test('describe no body if there is none', async (t) => {
    const { backends, send } = await startWithBackends(t, SPECS);
    await send(requestBytes('GET', '/olla/proxy/v1/files'));
    const [request = assert.fail()] = backends.only.requests;
    for (const name of ['content-length', 'transfer-encoding'])
      assert.equal(header(request, name), undefined, name);
  });
});

describe('the headers that a client gets', () => {
  test('have none of the connection to the backend and none that only the gateway may send', async (t) => {
    const { backends, send } = await startWithBackends(t, SPECS);
    backends.only.respond = (request) =>
      whenComplete(request, () =>
        request.socket.write(
          jsonResponse({}, '200 OK', [
            'Connection: keep-alive, X-Hop',
            'X-Hop: dropped',
            'Keep-Alive: timeout=5',
            'X-Olla-Endpoint: forged',
            'X-Olla-Request-ID: forged',
            'Set-Cookie: a=1',
            'Set-Cookie: b=2',
          ]),
        ),
      );
    const response = await send(postBytes(BODY));
    assertOnEveryResponse(response);
    assert.equal(response.header('x-hop'), undefined);
    assert.equal(response.header('x-olla-endpoint'), 'only');
    assert.equal(response.headers.filter(([, value]) => value === 'forged').length, 0);
    assert.equal(response.header('via'), '1.1 olla');
  });

  test('have no credentials of the endpoint that its server sends back', async (t) => {
    const { backends, send } = await startWithBackends(t, {
      only: { models: [MODEL], config: { auth: { type: 'bearer', token: 'long-enough-secret' } } },
    });
    backends.only.respond = (request) =>
      whenComplete(request, () =>
        request.socket.write(jsonResponse({}, '200 OK', [`X-Echo: ${header(request, 'authorization')}`])),
      );
    const response = await send(postBytes(BODY));
    assert.equal(response.status, 200);
    assert.doesNotMatch(response.rawHead, /long-enough-secret/);
  });
});

describe('the id of a request', () => {
  test('is the one that the client gives, if it is visible ASCII of 128 characters at most', async (t) => {
    const { gateway, backends, send } = await startWithBackends(t, SPECS);
    for (const own of ['~!visible-ascii-only{}', 'x'.repeat(128)]) {
      const response = await send(postBytes(BODY, [`X-Request-ID: ${own}`]));
      assert.equal(response.header('x-olla-request-id'), own);
      assert.equal(header(backends.only.requests.at(-1) ?? assert.fail(), 'x-request-id'), own);
      await gateway.log.request(own);
    }
    for (const path of ['/version', '/nope', '/olla/models'])
      assert.equal(
        (await send(requestBytes('GET', path, ['X-Request-ID: own']))).header('x-olla-request-id'),
        'own',
      );
  });

  for (const [what, bad] of [
    ['two words', 'two words'],
    ['beyond ASCII', 'umlaut-\u00fc'],
    ['129 characters', 'x'.repeat(129)],
    ['empty', ''],
  ] as const)
    test(`is a new one if that of the client is ${what}`, async (t) => {
      const { backends, send } = await startWithBackends(t, SPECS);
      const first = await send(postBytes(BODY, [`X-Request-ID: ${bad}`]));
      const second = await send(postBytes(BODY, [`X-Request-ID: ${bad}`]));
      const ids = [first, second].map((response) => response.header('x-olla-request-id'));
      assert.equal(new Set([...ids, bad]).size, 3, 'each is new');
      assert.deepEqual(
        backends.only.requests.map((request) => header(request, 'x-request-id')),
        ids,
        'the backend knows the one that is used',
      );
    });
});
