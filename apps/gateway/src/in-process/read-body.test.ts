import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { assertError } from '@olla/testing/assert-response';
import { header } from '@olla/testing/http-message';
import { chunk } from '@olla/testing/raw-backend';
import { CHAT, chunkedPost, postBytes } from '@olla/testing/request-bytes';
import { waitFor } from '@olla/testing/wait-for';
import { startWithBackends } from '../../testing/gateway-with-backends.ts';

const MODEL = 'checked';
const SPECS = { only: { models: [MODEL] } };
/** A path of OpenAI's API that also takes other bodies than JSON. */
const FILES = '/olla/proxy/v1/files';
const KIB = 1024;
/** Maximum size of bodies that are read completely before they are sent. */
const WHOLE = 256 * KIB;

describe('a body that its path does not take', () => {
  for (const [what, body, code] of [
    ['an array', '[1]', 'INVALID_JSON'],
    ['a string', '"{}"', 'INVALID_JSON'],
    ['a form', 'model=x', 'INVALID_JSON'],
    ['spaces and no object', ' \n null', 'INVALID_JSON'],
    ['empty', '', 'INVALID_JSON'],
    ['only spaces', '  \n', 'INVALID_JSON'],
    ['an object whose model is a number', '{"model":1}', 'INVALID_MODEL'],
    ['an object whose model is a list', `{"model":["${MODEL}"]}`, 'INVALID_MODEL'],
    ['an object with two models', `{"model":"${MODEL}","messages":[],"model":"b"}`, 'INVALID_MODEL'],
    ['in UTF-16', Buffer.from(`{"model":"${MODEL}"}`, 'utf16le'), 'INVALID_JSON'],
    [
      'an object with two models, one spelt with an escape',
      `{"model":"${MODEL}","\\u006dodel":"b"}`,
      'INVALID_MODEL',
    ],
    ['an object with a model of 2 KiB', `{"model":"${'m'.repeat(2048)}"}`, 'INVALID_MODEL'],
  ] as const)
    test(`answers 400 ${code} when the body is ${what}`, async (t) => {
      const { backends, send } = await startWithBackends(t, SPECS);
      const { message } = assertError(await send(postBytes(body)), 400, code);
      assert.match(message, /JSON|model|body/);
      assert.equal(backends.only.requests.length, 0, 'it went nowhere');
    });
});

describe('a body that is relayed byte by byte', () => {
  const deep = 100_000;
  for (const [what, body] of [
    ['without a model', '{"messages":[]}'],
    ['whose model is null', '{"model":null}'],
    ['whose model is empty', '{"model":"","messages":[]}'],
    ['with the same model twice', `{"model":"${MODEL}","messages":[],"mod\\u0065l":"${MODEL}"}`],
    ['with a byte order mark', `\ufeff{"model":"${MODEL}"}`],
    ['an empty object', '{}'],
    ['with a model further down only', '{"a":{"model":"other"},"messages":[]}'],
    [
      '100,000 levels deep behind the model',
      `{"model":"${MODEL}","a":${'['.repeat(deep)}${']'.repeat(deep)}}`,
    ],
    [
      '100,000 levels deep before the model',
      `{"a":${'{"a":'.repeat(deep)}1${'}'.repeat(deep)},"model":"${MODEL}"}`,
    ],
    ['with invalid UTF-8', Buffer.from(`{"model":"${MODEL}","a":"\xff\xfe\xc3\x28"}`, 'latin1')],
    ['broken behind the model', `{"model":"${MODEL}", oops ]`],
    ['that ends behind the model', `{"model":"${MODEL}"`],
    [
      'with unknown fields, odd spacing, escapes and large numbers',
      `{ "x-unknown" : [1e400, 0.10, "\\u00e9\\/"],\r\n\t"model":"${MODEL}" , "nested":{"model":"other"}, "messages":[{"content":"ü😀"}],"n":9007199254740993 }`,
    ],
    ['of 3 MiB with the model at its end', `{"a":"${'x'.repeat(3 * 1024 * KIB)}","model":"${MODEL}"}`],
  ] as const)
    test(`JSON ${what}`, async (t) => {
      const { backends, send } = await startWithBackends(t, SPECS);
      const response = await send(postBytes(body));
      assert.equal(response.status, 200, response.text());
      const [request = assert.fail()] = backends.only.requests;
      assert.ok(request.body().equals(Buffer.from(body)));
      assert.equal(header(request, 'content-length'), String(Buffer.byteLength(body)));
      assert.equal(header(request, 'transfer-encoding'), undefined);
    });

  for (const [what, body] of [
    ['an array', '[1,2]'],
    ['text', 'hello'],
    ['only spaces', '   '],
    ['a large array', `[${'1,'.repeat(400_000)}1]`],
  ] as const)
    test(`${what}, on a path that need not have JSON`, async (t) => {
      const { backends, send } = await startWithBackends(t, SPECS);
      const response = await send(postBytes(body, [], FILES));
      assert.equal(response.status, 200, response.text());
      assert.ok(backends.only.requests[0]?.body().equals(Buffer.from(body)));
    });

  test('multipart, with the model in a form field behind the file', async (t) => {
    const { backends, send } = await startWithBackends(t, SPECS);
    const form = [
      '--XX\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n\u0000\u0001RIFF\r\n',
      `--XX\r\nContent-Disposition: form-data; name="model"\r\n\r\n${MODEL}\r\n--XX--\r\n`,
    ].join('');
    const head = `POST /olla/openai/v1/audio/transcriptions HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=XX\r\nContent-Length: ${form.length}\r\n\r\n`;
    const response = await send(head + form);
    assert.deepEqual([response.status, response.header('x-olla-model')], [200, MODEL]);
    assert.equal(backends.only.requests[0]?.body().toString('latin1'), form);
  });

  for (const size of [WHOLE - 1, WHOLE, WHOLE + 1])
    test(`of ${size} bytes, counted and chunked, with the limit for complete reading at ${WHOLE}`, async (t) => {
      const { backends, send } = await startWithBackends(t, SPECS);
      const start = `{"model":"${MODEL}","a":"`;
      const body = `${start}${'x'.repeat(size - start.length - 2)}"}`;
      const half = size >> 1;
      assert.equal((await send(postBytes(body))).status, 200);
      assert.equal((await send(chunkedPost([body.slice(0, half), body.slice(half)]))).status, 200);
      for (const request of backends.only.requests) assert.equal(request.body().toString(), body);
    });

  test('in pieces of any size', async (t) => {
    const { backends, connect } = await startWithBackends(t, SPECS);
    const client = await connect();
    const body = `{"messages":[{"content":"\\"model\\":\\"x\\" ü"}],"model":"${MODEL}"}`;
    const bytes = postBytes(body);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: bytes.length - 1 }), { maxLength: 4 }),
        async (cuts) => {
          backends.only.requests.length = 0;
          let from = 0;
          for (const cut of [...new Set(cuts)].sort((a, b) => a - b)) {
            client.write(bytes.subarray(from, cut));
            // A separate piece: it is sent before the next is written.
            await new Promise(setImmediate);
            from = cut;
          }
          client.write(bytes.subarray(from));
          assert.equal((await client.nextResponse()).status, 200);
          assert.equal(backends.only.requests[0]?.body().toString(), body);
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe('a body that is larger than max_body_size', () => {
  const MAX_BODY = 400_000;
  const LIMITED = { config: { server: { request_limits: { max_body_size: MAX_BODY } } } };

  test('is 413 by its declared length, and the connection stays in step', async (t) => {
    const { gateway, connect } = await startWithBackends(t, SPECS, LIMITED);
    const client = await connect();
    client.write(postBytes('x'.repeat(MAX_BODY + 1), ['X-Request-ID: large']));
    assertError(await client.nextResponse(), 413, 'BODY_TOO_LARGE');
    assert.equal((await gateway.log.request('large'))['error'], 'BODY_TOO_LARGE');
    client.write(postBytes(`{"model":"${MODEL}"}`));
    assert.equal((await client.nextResponse()).status, 200);
  });

  for (const [what, start] of [
    ['its model is known and it streams', `{"model":"${MODEL}","input":"`],
    ['its model is not known yet', '{"input":"'],
  ] as const)
    test(`is 413 by counting chunks while ${what}, and the connection stays in step`, async (t) => {
      const { connect } = await startWithBackends(t, SPECS, LIMITED);
      const client = await connect();
      client.write(`POST ${CHAT} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n${chunk(start)}`);
      for (let sent = 0; sent <= MAX_BODY; sent += 50_000) client.write(chunk('x'.repeat(50_000)));
      client.write(`${chunk('"}')}0\r\n\r\n`);
      assertError(await client.nextResponse(), 413, 'BODY_TOO_LARGE');
      client.write(postBytes(`{"model":"${MODEL}"}`));
      assert.equal((await client.nextResponse()).status, 200);
    });

  test('aborts a backend that had a part of it', async (t) => {
    const { backends, connect } = await startWithBackends(t, SPECS, LIMITED);
    const client = await connect();
    const start = `{"model":"${MODEL}","input":"${'x'.repeat(300_000)}`;
    client.write(`POST ${CHAT} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n${chunk(start)}`);
    const [request] = await waitFor(
      () => (backends.only.requests.length > 0 ? backends.only.requests : null),
      {
        describe: 'the beginning at the backend',
        intervalMs: 1,
      },
    );
    client.write(`${chunk('x'.repeat(200_000))}0\r\n\r\n`);
    assertError(await client.nextResponse(), 413, 'BODY_TOO_LARGE');
    await waitFor(() => request?.gone, { describe: 'the abort at the backend', intervalMs: 1 });
  });

  test('gets no 100 Continue when the client waits for it (Expect: 100-continue)', async (t) => {
    const { send } = await startWithBackends(t, SPECS, LIMITED);
    const response = await send(
      `POST ${CHAT} HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: ${MAX_BODY + 1}\r\n\r\n`,
    );
    assertError(response, 413, 'BODY_TOO_LARGE');
    assert.equal(response.header('connection'), 'close');
  });
});

describe('a client that waits to send its body (Expect: 100-continue)', () => {
  for (const wish of ['keep-alive', 'close'])
    test(`gets 100 Continue for a valid request, and the connection then is as requested (${wish})`, async (t) => {
      const { connect } = await startWithBackends(t, SPECS);
      const client = await connect();
      const body = `{"model":"${MODEL}"}`;
      client.write(
        `POST ${CHAT} HTTP/1.1\r\nHost: x\r\nConnection: ${wish}\r\nExpect: 100-continue\r\nContent-Length: ${body.length}\r\n\r\n`,
      );
      assert.equal((await client.nextResponse()).status, 100);
      client.write(body);
      const response = await client.nextResponse();
      assert.deepEqual([response.status, response.header('connection')], [200, wish]);
    });

  test('gets the response alone in HTTP/1.0, which has no interim responses', async (t) => {
    const { send } = await startWithBackends(t, SPECS);
    const body = `{"model":"${MODEL}"}`;
    const response = await send(
      `POST ${CHAT} HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    assert.deepEqual([response.status, response.complete], [200, true]);
  });

  test('gets an error instead when the path is unknown, and the connection ends with it', async (t) => {
    const { send } = await startWithBackends(t, SPECS);
    const response = await send(
      'POST /olla/nope/x HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n',
    );
    assertError(response, 404, 'NOT_FOUND');
    assert.equal(response.header('connection'), 'close');
  });
});
