import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assertError } from '@olla/testing/assert-response';
import { chunkedPost, postBytes } from '@olla/testing/request-bytes';
import { startWithBackends } from '../../testing/gateway-with-backends.ts';

describe('an alias', () => {
  const ALIASES = {
    model_aliases: { Chat: ['gone-model', 'Native-A', 'Org/Native-B'], ghost: ['nobody-has-it'] },
  };
  const CHAIN = { a: { models: ['Native-A'] }, b: { models: ['Org/Native-B'] } };

  test('changes the one token in the body, and the name that serves is told', async (t) => {
    const { backends, send } = await startWithBackends(t, CHAIN, { config: ALIASES });
    const body = '{ "messages":[{"model":"Chat"}],\n "model" : "Chat" , "n":1.0, "é":"\\u00e9"}';
    const response = await send(postBytes(body));
    assert.deepEqual([response.status, response.header('x-olla-model')], [200, 'Native-A']);
    assert.deepEqual(
      [response.header('x-olla-routing-strategy'), response.header('x-olla-routing-decision')],
      ['alias', 'routed'],
    );
    const received = backends.a.requests[0] ?? assert.fail();
    assert.equal(received.body().toString(), body.replace('"model" : "Chat"', '"model" : "Native-A"'));
  });

  test('changes the token in a body that streams, counted and chunked', async (t) => {
    const { backends, send } = await startWithBackends(t, CHAIN, { config: ALIASES });
    const start = '{"model":"Chat","input":"';
    const rest = 'x'.repeat(300_000);
    assert.equal((await send(postBytes(`${start}${rest}"}`))).status, 200);
    assert.equal((await send(chunkedPost([start, rest, '"}']))).status, 200);
    for (const request of backends.a.requests)
      assert.equal(request.body().toString(), `{"model":"Native-A","input":"${rest}"}`);
    assert.equal(backends.a.requests.length, 2);
  });

  test('changes the field of a form behind a file', async (t) => {
    const { backends, send } = await startWithBackends(t, CHAIN, { config: ALIASES });
    const form = (model: string): string =>
      [
        `--XX\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n${'\u0001'.repeat(500_000)}\r\n`,
        `--XX\r\nContent-Disposition: form-data; name="model"\r\n\r\n${model}\r\n--XX--\r\n`,
      ].join('');
    const sent = form('Chat');
    const head = `POST /olla/openai/v1/audio/transcriptions HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=XX\r\nContent-Length: ${sent.length}\r\n\r\n`;
    const response = await send(head + sent);
    assert.deepEqual([response.status, response.header('x-olla-model')], [200, 'Native-A']);
    assert.ok(backends.a.requests[0]?.body().equals(Buffer.from(form('Native-A'))));
  });

  test('goes on to its next model when no endpoint has the first any more', async (t) => {
    const { gateway, backends, send } = await startWithBackends(t, CHAIN, { config: ALIASES });
    await gateway.agent.publish({ a: { state: 'offline' } });
    const response = await send(postBytes('{"model":"Chat"}'));
    assert.equal(response.header('x-olla-model'), 'Org/Native-B');
    assert.equal(backends.b.requests[0]?.body().toString(), '{"model":"Org/Native-B"}');
  });

  test('goes on to its next model when the endpoint of the first fails, and sends that name', async (t) => {
    const { backends, send } = await startWithBackends(t, CHAIN, { config: ALIASES });
    await backends.a.close();
    const response = await send(postBytes('{"model":"Chat"}'));
    assert.equal(response.header('x-olla-model'), 'Org/Native-B');
    assert.equal(backends.b.requests[0]?.body().toString(), '{"model":"Org/Native-B"}');
  });

  test('answers 404 when nobody has any of its models', async (t) => {
    const { chat } = await startWithBackends(t, CHAIN, { config: ALIASES });
    assertError(await chat('ghost'), 404, 'MODEL_NOT_FOUND');
  });
});
