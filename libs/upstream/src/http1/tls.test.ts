import assert from 'node:assert/strict';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { NAMED_CERTIFICATE, TEST_CA, TEST_CERTIFICATE, TEST_KEY } from '@olla/testing/tls-certificates';
import type { UpstreamFailure } from '../upstream.ts';
import type { TlsOptions } from './open-socket.ts';
import { Http1Upstream } from './http1-upstream.ts';

const TLS: TlsOptions = { ca: null, rejectUnauthorized: true, servername: null, checkServerIdentity: null };
const listen = (cert: string) =>
  createServer({ cert, key: TEST_KEY }, (request, response) => response.end(request.headers.host));
const server = listen(TEST_CERTIFICATE);
const named = listen(NAMED_CERTIFICATE);

before(async () => {
  for (const one of [server, named])
    await new Promise<void>((resolve) => one.listen(0, '127.0.0.1', resolve));
});
after(() => {
  for (const one of [server, named]) one.close();
});

/** @returns the status, or the code of the failure */
function get(of: typeof server, tls: Partial<TlsOptions>): Promise<number | string> {
  const upstream = new Http1Upstream({
    origin: `https://127.0.0.1:${(of.address() as AddressInfo).port}`,
    tls: { ...TLS, ...tls },
    connectTimeoutMs: 0,
    tlsHandshakeTimeoutMs: 0,
    keepAliveMs: 0,
    maxAgeMs: 0,
    headTimeoutMs: 0,
    readTimeoutMs: 0,
  });
  return new Promise<number | string>((resolve) => {
    upstream.dispatch(
      { method: 'GET', path: '/', headers: ['Host', 'backend.test'], body: null, freshConnection: false },
      {
        onHead: (status) => resolve(status),
        onQuiet: () => undefined,
        onData: () => true,
        onEnd: () => undefined,
        onFailure: ({ kind, code }: UpstreamFailure) => resolve(`${kind} ${code}`),
      },
    );
  }).finally(() => upstream.close());
}

describe('a connection over TLS', () => {
  test('fails as `connect` when the CA is unknown', async () => {
    assert.match(String(await get(server, {})), /^connect (UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_)/);
  });

  test('is made when the CA is configured, for an address of the certificate', async () => {
    assert.equal(await get(server, { ca: TEST_CA }), 200);
  });

  test('fails when the certificate is for another name, unless that name is configured', async () => {
    assert.equal(await get(named, { ca: TEST_CA }), 'connect ERR_TLS_CERT_ALTNAME_INVALID');
    assert.equal(await get(named, { ca: TEST_CA, servername: 'backend.test' }), 200);
  });

  test('is made with any certificate when none is checked', async () => {
    assert.equal(await get(named, { rejectUnauthorized: false }), 200);
  });
});
