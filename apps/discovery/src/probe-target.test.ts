import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EndpointSettings } from '@olla/config/schema';
import { settingsSchema } from '@olla/config/schema';
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

test('the path of the type is found where relayed requests go', () => {
  assert.equal(target({}, null).url, 'http://host:8000/health');
  assert.equal(target({ preserve_path: true }, null).url, 'http://host:8000/base/health');
});

test('a configured path is joined to the url, an absolute URL is used as it is', () => {
  assert.equal(target({}, '/ready').url, 'http://host:8000/base/ready');
  assert.equal(target({}, 'http://other:9/up?x=1').url, 'http://other:9/up?x=1');
});

test('credentials go to the own origin only', () => {
  const auth = { auth: { type: 'bearer', token: 'secret' }, headers: { 'X-Team': 'blue' } };
  assert.deepEqual(target(auth, null).headers, {
    'user-agent': 'olla-agent/1',
    'X-Team': 'blue',
    Authorization: 'Bearer secret',
  });
  assert.deepEqual(target(auth, 'http://host:9000/health').headers, { 'user-agent': 'olla-agent/1' });
});
