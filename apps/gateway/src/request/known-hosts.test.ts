import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createKnownHosts } from './known-hosts.ts';

describe('a known host', () => {
  const isKnown = createKnownHosts(['ai.example.com', '*.lan.example'], 'Box.corp.example');

  for (const host of [
    '127.0.0.1',
    '192.168.1.20:40114',
    '[::1]',
    '[::1]:40114',
    '[fe80::1]:',
    'localhost',
    'LOCALHOST:40114',
    'localhost.',
    'localhost.:40114',
    'box.corp.example',
    'BOX.corp.example.:80',
    'gateway',
    'olla-server:40114',
    'my_box',
    'a.localhost',
    'nas.local',
    'nas.LOCAL.:80',
    'olla.internal',
    'olla.default.svc',
    'ai.example.com',
    'AI.Example.com:443',
    'ai.example.com.',
    'a.b.lan.example:8443',
  ])
    test(`is ${host}`, () => assert.equal(isKnown(host), true));

  for (const host of [
    '',
    ' ',
    '.',
    'evil.example',
    'evil.example:40114',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '127.0.0.1.nip.io',
    'ai.example.com.evil.example',
    'x.ai.example.com',
    'lan.example',
    'evil-lan.example',
    '.local',
    'local.evil.com',
    'localhost..',
    'evil.com,localhost',
    'user@localhost',
    'localhost/evil.com',
    '[evil.example]',
    '[::1]evil.example',
    '::1',
    'evil.example%00.local',
    'evil。local',
  ])
    test(`is not ${JSON.stringify(host)}`, () => assert.equal(isKnown(host), false));

  test('is any valid host if the operator allows all', () => {
    const isAny = createKnownHosts(['*'], 'box');
    assert.equal(isAny('evil.example:1'), true);
    assert.equal(isAny('evil example'), false);
  });
});
