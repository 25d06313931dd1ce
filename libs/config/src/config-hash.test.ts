import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { configHash } from './config-hash.ts';
import { endpoints as endpointsSchema } from './sections/endpoint.ts';

function hashOf(...endpoints: object[]): string {
  return configHash({ discovery: { static: { endpoints: endpointsSchema.parse(endpoints) } } });
}

const a = { name: 'a', url: 'http://a:1', type: 'ollama' };
const b = { name: 'b', url: 'http://b:1', type: 'vllm' };

describe('configHash', () => {
  test('is the same for another order of endpoints, other weights and other secrets', () => {
    const secret = { ...a, weight: 3, auth: { type: 'bearer', token: 'one' } };
    assert.equal(hashOf(a, b), hashOf(b, secret));
  });

  test('differs for another name, URL or type', () => {
    const hashes = [
      hashOf(a),
      hashOf({ ...a, name: 'c' }),
      hashOf({ ...a, url: 'http://a:2' }),
      hashOf({ ...a, type: 'vllm' }),
    ];
    assert.equal(new Set(hashes).size, 4);
  });
});
