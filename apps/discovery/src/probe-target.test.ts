import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { settingsSchema, type EndpointSettings } from '@olla/config/schema';
import { probeTarget } from './probe-target.ts';

function endpointWith(extra: Record<string, unknown>): EndpointSettings {
  const { discovery } = settingsSchema.parse({
    discovery: {
      static: { endpoints: [{ name: 'a', type: 'vllm', url: 'http://host:8000/base/', ...extra }] },
    },
  });
  const endpoint = discovery.static.endpoints[0];
  assert.ok(endpoint);
  return endpoint;
}

const target = (extra: Record<string, unknown>, configured: string | null) =>
  probeTarget(endpointWith(extra), configured, '/health', 'olla-agent/1');

describe('probeTarget', () => {
  test('puts the path of the type at the origin of url, or below its path with preserve_path', () => {
    assert.equal(target({}, null).url, 'http://host:8000/health');
    assert.equal(target({ preserve_path: true }, null).url, 'http://host:8000/base/health');
  });

  test('joins a configured path to url and uses an absolute URL unchanged', () => {
    assert.equal(target({}, '/ready').url, 'http://host:8000/base/ready');
    assert.equal(target({}, 'http://other:9/up?x=1').url, 'http://other:9/up?x=1');
  });

  test('finds paths at the base URL that a provider documents', () => {
    for (const preserve_path of [false, true]) {
      const models = (url: string, configured: string | null = null) =>
        probeTarget(
          endpointWith({ type: 'openai-compatible', url, preserve_path }),
          configured,
          '/v1/models',
          'a',
        ).url;
      assert.equal(models('https://h/v1'), 'https://h/v1/models');
      assert.equal(models('https://h/api/paas/v4/'), 'https://h/api/paas/v4/models');
      assert.equal(models('https://h/v1beta/openai'), 'https://h/v1beta/openai/models');
      assert.equal(models('https://h/api/v1', '/models'), 'https://h/api/v1/models');
      assert.equal(models('https://h/api/v1', '/v1/models?a=1'), 'https://h/api/v1/models?a=1');
    }
    assert.equal(target({ url: 'http://host:8000/gpu/v1' }, null).url, 'http://host:8000/gpu/health');
  });

  test('sends credentials to the origin of url only', () => {
    const auth = { auth: { type: 'bearer', token: 'secret' }, headers: { 'X-Team': 'blue' } };
    assert.deepEqual(target(auth, null).headers, {
      'user-agent': 'olla-agent/1',
      'X-Team': 'blue',
      Authorization: 'Bearer secret',
    });
    assert.deepEqual(target(auth, 'http://host:9000/health').headers, { 'user-agent': 'olla-agent/1' });
  });
});
