import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { z } from 'zod';
import { assertError, assertOnEveryResponse } from '@olla/testing/assert-response';
import { sendRaw, type RawResponse } from '@olla/testing/raw-http';
import { postBytes, requestBytes } from '@olla/testing/request-bytes';
import { startWithBackends } from '../../testing/gateway-with-backends.ts';

interface OpenApi {
  readonly openapi: string;
  readonly paths: Record<string, Record<string, { responses: Record<string, OpenApiResponse> }>>;
  readonly components: { readonly schemas: Record<string, unknown> };
}
interface OpenApiResponse {
  readonly content?: { readonly 'application/json': { readonly schema: { readonly $ref: string } } };
}
type JsonSchema = Parameters<typeof z.fromJSONSchema>[0];

const FLEET = {
  desk: { type: 'ollama', models: ['desk-model'] },
  cards: { type: 'vllm', models: ['cards-model'] },
  gone: { models: ['gone-model'] },
} as const;

/** Two workers that have served a request for every endpoint, one of which is down. */
async function startFleet(t: TestContext) {
  const fixture = await startWithBackends(t, FLEET, { workers: 2 });
  const { gateway } = fixture;
  await gateway.agent.publish({ gone: { state: 'offline', reason: 'connection refused' } });
  for (const [name, { models }] of Object.entries(FLEET)) {
    await fixture.send(postBytes(JSON.stringify({ model: models[0] }), [`X-Request-ID: ${name}`]));
    await gateway.log.request(name);
  }
  const get = (port: number, path: string, headers?: readonly string[]): Promise<RawResponse> =>
    sendRaw(port, requestBytes('GET', path, headers));
  return { ...fixture, get, document: await fixture.get<OpenApi>('/internal/openapi.json') };
}

const pathsWith = ({ paths }: OpenApi, method: string): string[] =>
  Object.keys(paths).filter((path) => paths[path]?.[method] !== undefined);

/** The schema of a part of the document, strict if the document is. */
function schemaOf({ components }: OpenApi, ref: string): z.ZodType {
  const text = JSON.stringify({ $ref: ref, $defs: components.schemas });
  return z.fromJSONSchema(JSON.parse(text.replaceAll('#/components/schemas/', '#/$defs/')) as JsonSchema);
}

describe('the OpenAPI document', () => {
  test('describes the responses of every worker', async (t) => {
    const { gateway, document, get } = await startFleet(t);
    assert.match(document.openapi, /^3\.1/);
    const paths = pathsWith(document, 'get').filter((path) => path !== '/internal/openapi.json');
    assert.ok(paths.length >= 11, paths.join(' '));
    for (const port of gateway.ports)
      for (const path of paths) {
        const response = await get(port, path);
        assertOnEveryResponse(response, path);
        const described = document.paths[path]?.['get']?.responses[response.status];
        const schema = described?.content?.['application/json'].schema;
        assert.ok(
          schema !== undefined,
          `${path} answers ${response.status}, which the document does not have`,
        );
        const { error } = schemaOf(document, schema.$ref).safeParse(JSON.parse(response.text()));
        assert.equal(error, undefined, `${path}: ${error?.message}`);
      }
  });

  test('names the methods that each path has: any other is 405', async (t) => {
    const { document, send } = await startFleet(t);
    for (const path of pathsWith(document, 'get')) {
      for (const method of ['POST', 'PUT', 'DELETE']) {
        const response = await send(requestBytes(method, path, ['Content-Length: 0']));
        assertError(response, 405, 'METHOD_NOT_ALLOWED');
        assert.equal(response.header('allow'), 'GET, HEAD, OPTIONS', path);
      }
      const options = await send(requestBytes('OPTIONS', path));
      assert.deepEqual([options.status, options.header('allow')], [204, 'GET, HEAD, OPTIONS'], path);
    }
    const response = await send(requestBytes('GET', '/internal/refresh'));
    assertError(response, 405, 'METHOD_NOT_ALLOWED');
    assert.equal(response.header('allow'), 'POST, OPTIONS');
  });
});

describe('the body of a system endpoint', () => {
  test('is 304 by its weak ETag while it is unchanged, at every worker', async (t) => {
    const { gateway, get, send } = await startFleet(t);
    const [first = 0, second = 0] = gateway.ports;
    for (const path of [
      '/internal/status',
      '/internal/status/endpoints',
      '/internal/stats/models',
      '/version',
    ]) {
      const etag = (await get(first, path)).header('etag') ?? '';
      assert.match(etag, /^W\/"[^"]+"$/, path);
      for (const port of [first, second]) {
        const response = await get(port, path, [`If-None-Match: ${etag}`]);
        assert.deepEqual([response.status, response.text(), response.header('etag')], [304, '', etag], path);
        assertOnEveryResponse(response, path);
      }
    }
    const etag = (await get(first, '/internal/status')).header('etag');
    await send(postBytes('{"model":"desk-model"}', ['X-Request-ID: another']));
    await gateway.log.request('another');
    const changed = await get(first, '/internal/status', [`If-None-Match: ${etag}`]);
    assert.equal(changed.status, 200, 'another request is another body');
  });

  test('is gzipped when it is large, for clients that accept it', async (t) => {
    const { gateway, get } = await startFleet(t);
    for (const path of ['/internal/status', '/internal/status/endpoints', '/internal/openapi.json']) {
      const response = await get(gateway.port, path, ['Accept-Encoding: gzip']);
      const bytes = Buffer.concat(response.pieces.map(({ data }) => data));
      assert.equal(response.header('content-encoding'), 'gzip', path);
      assert.match(response.header('vary') ?? '', /Accept-Encoding/);
      assert.equal(response.header('content-length'), String(bytes.length));
      JSON.parse(gunzipSync(bytes).toString());
      assert.equal((await get(gateway.port, path)).header('content-encoding'), undefined);
    }
  });
});
