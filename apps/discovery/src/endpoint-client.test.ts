import assert from 'node:assert/strict';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { endpoints } from '@olla/config/sections/endpoint';
import { NAMED_CERTIFICATE, TEST_CA, TEST_CERTIFICATE, TEST_KEY } from '@olla/testing/tls-certificates';
import { EndpointClient } from './endpoint-client.ts';

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

/** The body of the response, or the reason of the failure. */
async function probe(of: typeof server, more: object): Promise<string> {
  const url = `https://127.0.0.1:${(of.address() as AddressInfo).port}`;
  const [endpoint] = endpoints.parse([{ url, name: 'a', type: 'vllm', ...more }]);
  assert.ok(endpoint);
  const client = new EndpointClient(endpoint, 'olla-agent/1');
  const result = await client.probe(null, '/', { timeoutMs: 20_000, maxBytes: 1_000 });
  await client.close();
  return result.kind === 'response' ? result.response.body : result.reason;
}

describe('probes over TLS', () => {
  test('fail with the setting that helps when the CA is unknown', async () => {
    const reason = await probe(server, {});
    assert.match(reason, /^its certificate is signed by no known CA \(\w+\)\. Set ca_file of the endpoint/);
    assert.doesNotMatch(reason, /use-system-ca/);
  });

  test("succeed with the endpoint's configured CA, and when certificates are not checked", async () => {
    assert.match(await probe(server, { ca: TEST_CA }), /^127\.0\.0\.1:/);
    assert.match(await probe(named, { insecure_skip_verify: true }), /^127\.0\.0\.1:/);
  });

  test('fail when the certificate is for another name, and succeed when that name is the configured Host', async () => {
    assert.match(await probe(named, { ca: TEST_CA }), /for another name .* set it as Host in headers/);
    const headers = { Host: 'backend.test' };
    assert.equal(await probe(named, { ca: TEST_CA, headers }), 'backend.test');
    assert.equal(await probe(server, { ca: TEST_CA, headers: { Host: 'other.test' } }), 'other.test');
  });
});
