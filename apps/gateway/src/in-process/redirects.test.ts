import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import type { BackendType } from '@olla/core/backend-type';
import { startRawBackend } from '@olla/testing/raw-backend';
import { sendRaw, type RawResponse } from '@olla/testing/raw-http';
import { requestBytes } from '@olla/testing/request-bytes';
import { startInProcess } from '../../testing/in-process-gateway.ts';

interface Redirect {
  readonly type?: BackendType;
  /** Path of the endpoint's URL. */
  readonly base?: string;
  readonly keep?: boolean;
  /** The path at the gateway. */
  readonly path: string;
  /** `ORIGIN` and `HOST` mean those of the backend. */
  readonly location: string;
  readonly header?: string;
}

async function redirect(t: TestContext, given: Redirect): Promise<RawResponse> {
  const { type = 'openai-compatible', base = '', keep = false, header = 'Location' } = given;
  const backend = await startRawBackend({ models: [] });
  const location = given.location
    .replace('ORIGIN', backend.url)
    .replace('HOST', backend.url.slice('http://'.length));
  backend.respond = ({ socket }) =>
    void socket.write(`HTTP/1.1 307 Elsewhere\r\n${header}: ${location}\r\nContent-Length: 0\r\n\r\n`);
  const gateway = await startInProcess({
    endpoints: [{ name: 'b', type, url: backend.url + base, models: ['m'], config: { preserve_path: keep } }],
  });
  t.after(async () => {
    await gateway.stop();
    await backend.close();
  });
  return sendRaw(gateway.port, requestBytes('GET', given.path));
}

const THING = '/olla/openai/v1/thing';

describe('a redirect into the backend itself leads back through the gateway', () => {
  for (const [title, given, expected] of [
    [
      'absolute',
      { path: THING, location: 'ORIGIN/v1/chat/completions?a=%2F#b' },
      '/olla/openai/v1/chat/completions?a=%2F#b',
    ],
    ['absolute, with a user', { path: THING, location: 'http://u:p@HOST/v1/x' }, '/olla/openai/v1/x'],
    ['absolute, of the other scheme', { path: THING, location: 'https://HOST/v1/x' }, '/olla/openai/v1/x'],
    ['of the path only', { path: THING, location: '/v1/files/1' }, '/olla/openai/v1/files/1'],
    ['relative to the path', { path: `${THING}/a`, location: '../files/1' }, '/olla/openai/v1/files/1'],
    ['of the query only', { path: THING, location: '?page=2' }, `${THING}?page=2`],
    ['of the host without a scheme', { path: THING, location: '//HOST/v1/x' }, '/olla/openai/v1/x'],
    [
      'under the prefix that the client used',
      { path: '/olla/openai-compatible/v1/thing', location: '/v1/x' },
      '/olla/openai-compatible/v1/x',
    ],
    ['to a path that is none of OpenAI', { path: THING, location: '/login' }, '/olla/proxy/login'],
    [
      'of a native path',
      { type: 'ollama', path: '/olla/ollama/api/thing', location: 'ORIGIN/api/tags/' },
      '/olla/ollama/api/tags/',
    ],
    ['of the root', { type: 'llamacpp', path: '/olla/llamacpp', location: '/props' }, '/olla/llamacpp/props'],
    [
      'behind the base of its type',
      { type: 'lemonade', path: '/olla/lemonade/v1/thing', location: '/api/v1/x' },
      '/olla/lemonade/v1/x',
    ],
    [
      'behind a path that is kept',
      { base: '/gpu', keep: true, path: THING, location: 'ORIGIN/gpu/v1/x' },
      '/olla/openai/v1/x',
    ],
    [
      'behind a base URL',
      { base: '/api/paas/v4', path: THING, location: 'ORIGIN/api/paas/v4/x' },
      '/olla/openai/v1/x',
    ],
    [
      'out of the path that is kept',
      { base: '/gpu', keep: true, path: THING, location: 'ORIGIN/secret' },
      '/secret',
    ],
  ] as const satisfies readonly (readonly [string, Redirect, string])[])
    for (const header of ['Location', 'Content-Location'])
      test(`${header}, ${title}`, async (t) => {
        const response = await redirect(t, { ...given, header });
        assert.deepEqual([response.status, response.header(header.toLowerCase())], [307, expected]);
      });
});

describe('a redirect to another origin is unchanged', () => {
  for (const location of [
    'https://example.com/login?next=/v1',
    '//example.com/v1/x',
    'http://127.0.0.1:1/v1/x',
    'mailto:a@example.com',
    'http://[bad',
  ])
    test(location, async (t) => {
      const response = await redirect(t, { path: THING, location });
      assert.deepEqual([response.status, response.header('location')], [307, location]);
    });
});
