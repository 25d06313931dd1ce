import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import type { PeerCertificate } from 'node:tls';
import { TEST_CA, TEST_CERTIFICATE } from '@olla/testing/tls-certificates';
import { endpointTls, ownHost } from './endpoint-tls.ts';
import { loadSettings } from './load.ts';

const cwd = mkdtempSync(join(tmpdir(), 'olla-config-'));
after(() => rmSync(cwd, { recursive: true }));
writeFileSync(join(cwd, 'ca.pem'), (TEST_CA + TEST_CERTIFICATE).trimEnd());
writeFileSync(join(cwd, 'broken.pem'), TEST_CA.replace(/M/g, 'N'));
writeFileSync(join(cwd, 'key.pem'), '-----BEGIN PRIVATE KEY-----');

function load(more: string) {
  writeFileSync(
    join(cwd, 'config.yaml'),
    `discovery: { static: { endpoints: [{ url: 'https://10.0.0.5', name: a, ${more} }] } }`,
  );
  return loadSettings({ env: {}, cwd, file: 'config.yaml' });
}

function endpointWith(more: string) {
  const loaded = load(more);
  assert.ok(loaded.ok, JSON.stringify(loaded));
  const endpoint = loaded.settings.discovery.static.endpoints[0];
  assert.ok(endpoint);
  return { endpoint, notices: loaded.notices };
}

describe('the certificate settings of an endpoint', () => {
  test('check as Node does if no key is set', () => {
    const { endpoint } = endpointWith('type: vllm');
    assert.deepEqual(endpointTls(endpoint), {
      ca: null,
      rejectUnauthorized: true,
      servername: null,
      checkServerIdentity: null,
    });
  });

  test('have the certificates of ca_file', () => {
    const { endpoint, notices } = endpointWith('ca_file: ca.pem');
    assert.equal(endpointTls(endpoint).ca, (TEST_CA + TEST_CERTIFICATE).trimEnd());
    assert.deepEqual(notices, []);
  });

  test('refuse a ca_file that is missing or has no certificate, and a ca beside it', () => {
    for (const [more, key] of [
      ['ca_file: no.pem', 'ca_file'],
      ['ca_file: key.pem', 'ca'],
      ['ca_file: broken.pem', 'ca'],
      ['ca_file: ca.pem, ca: x', 'ca_file'],
    ] as const) {
      const loaded = load(more);
      assert.ok(!loaded.ok, more);
      assert.equal(loaded.problems[0]?.key, `discovery.static.endpoints[0].${key}`, more);
    }
  });

  test('give a notice for insecure_skip_verify', () => {
    const { endpoint, notices } = endpointWith('insecure_skip_verify: true');
    assert.equal(endpointTls(endpoint).rejectUnauthorized, false);
    assert.deepEqual(
      notices.map(({ code, line }) => [code, line]),
      [['INSECURE_ENDPOINT', 1]],
    );
  });

  test('take a certificate for the host of the URL or for a configured Host, and for no other', () => {
    const { endpoint } = endpointWith("headers: { Host: 'llm.example' }");
    const check = (name: string, alternative: string): boolean => {
      const certificate = { subject: { CN: 'x' }, subjectaltname: alternative } as unknown;
      return endpointTls(endpoint).checkServerIdentity?.(name, certificate as PeerCertificate) === undefined;
    };
    assert.ok(check('llm.example', 'DNS:llm.example'));
    assert.ok(check('llm.example', 'IP Address:10.0.0.5'));
    assert.ok(!check('llm.example', 'DNS:other.example'));
    assert.ok(!check('health.example', 'IP Address:10.0.0.5'));
  });

  test('use the name of a configured Host', () => {
    for (const [host, servername] of [
      ['llm.example.com', 'llm.example.com'],
      ['llm.example.com:8443', 'llm.example.com'],
      ['10.0.0.9:8443', null],
      ['[::1]:8443', null],
    ] as const) {
      const { endpoint } = endpointWith(`headers: { host: '${host}' }`);
      assert.deepEqual([ownHost(endpoint), endpointTls(endpoint).servername], [host, servername]);
    }
    for (const host of ['a/b', 'a b', 'http://a', 'a:b'])
      assert.ok(!load(`headers: { Host: '${host}' }`).ok, host);
    assert.ok(!load('headers: { Host: a, host: b }').ok);
  });
});
