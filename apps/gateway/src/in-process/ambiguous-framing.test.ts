import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assertError } from '@olla/testing/assert-response';
import { whenComplete } from '@olla/testing/raw-backend';
import { postBytes } from '@olla/testing/request-bytes';
import { startWithBackends } from '../../testing/gateway-with-backends.ts';

const MODEL = 'm';
const CHUNKS = 'b\r\n{"ok":true}\r\n0\r\n\r\n';

describe('a response whose framing is faulty but unambiguous', () => {
  for (const [what, bytes] of [
    ['chunked named twice', `Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n${CHUNKS}`],
    ['the coding identity', 'Transfer-Encoding: identity\r\nContent-Length: 11\r\n\r\n{"ok":true}'],
    ['a length sent twice', 'Content-Length: 11\r\nContent-Length: 11\r\n\r\n{"ok":true}'],
  ] as const)
    test(`is relayed: ${what}`, async (t) => {
      const { backends, chat } = await startWithBackends(t, { only: { models: [MODEL] } });
      backends.only.respond = (request) =>
        whenComplete(request, () => request.socket.write(`HTTP/1.1 200 OK\r\n${bytes}`));
      for (let i = 0; i < 2; i += 1) {
        const response = await chat(MODEL);
        assert.deepEqual([response.status, response.text(), response.complete], [200, '{"ok":true}', true]);
      }
    });
});

describe('a response with ambiguous framing', () => {
  for (const [what, bytes, code, cause] of [
    [
      'lines that end in LF',
      'HTTP/1.1 200 OK\nContent-Length: 11\n\n{"ok":true}',
      'HPE_CR_EXPECTED',
      /ends in LF/,
    ],
    [
      'a length and chunks',
      `HTTP/1.1 200 OK\r\nContent-Length: 11\r\nTransfer-Encoding: chunked\r\n\r\n${CHUNKS}`,
      'HPE_UNEXPECTED_CONTENT_LENGTH',
      /Content-Length and Transfer-Encoding/,
    ],
    [
      'an unknown coding',
      `HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n${CHUNKS}`,
      'HPE_INVALID_TRANSFER_ENCODING',
      /Transfer-Encoding is "gzip"/,
    ],
    [
      'a space before a colon',
      'HTTP/1.1 200 OK\r\nX-Odd : 1\r\nContent-Length: 0\r\n\r\n',
      'HPE_INVALID_HEADER_TOKEN',
      /"X-Odd : 1"/,
    ],
  ] as const)
    test(`is 502 at once, and log and status name its cause: ${what}`, async (t) => {
      const { gateway, backends, send, status } = await startWithBackends(t, { only: { models: [MODEL] } });
      backends.only.respond = (request) => whenComplete(request, () => request.socket.write(bytes));
      const response = await send(postBytes(`{"model":"${MODEL}"}`, ['X-Request-ID: odd']));
      const { message } = assertError(response, 502, 'BACKEND_ERROR');
      assert.ok(message.includes(`(${code})`), message);
      assert.doesNotMatch(message, cause, 'bytes of the backend stay inside');
      const line = await gateway.log.until('the cause', ({ level, id }) => level === 'warn' && id === 'odd');
      assert.match(String(line['msg']), cause);
      assert.deepEqual([line['endpoint'], line['code']], ['only', code]);
      const [row] = (await status()).endpoints;
      assert.match(row?.issues ?? '', cause);
    });
});
