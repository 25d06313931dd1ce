import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isNearby } from './is-nearby.ts';

describe('isNearby', () => {
  for (const host of [
    '127.0.0.1:11434',
    'localhost',
    '192.168.1.7',
    '10.0.0.1',
    '172.20.1.1',
    '100.101.1.1',
    '[::1]:8000',
    '[fd00::1]',
    '[::ffff:192.168.1.7]',
    'gpu-a',
    'mac.local',
    'vllm.default.svc',
    'vllm.default.svc.cluster.local',
    'host.docker.internal',
    'box.tail1234.ts.net',
  ])
    test(`is true for ${host}`, () => assert.equal(isNearby(`http://${host}/v1`), true));
  for (const host of [
    'api.openai.com',
    '8.8.8.8',
    '172.32.0.1',
    '[2606:4700::1]',
    'local.example.com',
    'notlocal.dev',
  ])
    test(`is false for ${host}`, () => assert.equal(isNearby(`https://${host}/v1`), false));
});
