import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { assertError, assertOnEveryResponse } from '@olla/testing/assert-response';
import { jsonResponse } from '@olla/testing/raw-backend';
import { sendRaw, type RawResponse } from '@olla/testing/raw-http';
import { postBytes, requestBytes } from '@olla/testing/request-bytes';
import { waitFor } from '@olla/testing/wait-for';
import { z } from 'zod';
import { SERVERS, startContractFleet, type ContractFleet, type ServerName } from './contract-fleet.ts';

interface OpenApi {
  readonly openapi: string;
  readonly paths: Record<string, Record<string, { responses: Record<string, Answer> }>>;
  readonly components: { readonly schemas: Record<string, unknown> };
}
interface Answer {
  readonly content?: { readonly 'application/json': { readonly schema: { readonly $ref: string } } };
}
type JsonSchema = Parameters<typeof z.fromJSONSchema>[0];

describe('responses of the system endpoints', () => {
  let fleet: ContractFleet;
  let document: OpenApi;
  before(async () => {
    fleet = await startContractFleet();
    document = JSON.parse((await get('/internal/openapi.json')).text()) as OpenApi;
    for (const name of Object.keys(SERVERS) as ServerName[]) await chat(name);
  });
  after(() => fleet.close());

  const get = (path: string, headers?: string[]): Promise<RawResponse> =>
    sendRaw(fleet.gateway.port, requestBytes('GET', path, headers));
  const chat = (name: ServerName): Promise<RawResponse> =>
    sendRaw(fleet.gateway.port, postBytes(`{"model":"${SERVERS[name].model}"}`));
  const paths = (method: string): string[] =>
    Object.keys(document.paths).filter((path) => document.paths[path]?.[method] !== undefined);
  const asBytes = (response: RawResponse): Buffer => Buffer.concat(response.pieces.map(({ data }) => data));

  test('match the OpenAPI document at both workers', async () => {
    assert.match(document.openapi, /^3\.1/);
    const read = paths('get').filter((path) => path !== '/internal/openapi.json');
    assert.ok(read.length >= 11, read.join(' '));
    for (const path of [...read, ...read]) {
      const response = await get(path);
      assertOnEveryResponse(response, path);
      const responses = document.paths[path]?.['get']?.responses ?? {};
      const schema = responses[response.status]?.content?.['application/json'].schema;
      assert.ok(schema !== undefined, `the document has no ${response.status} for ${path}`);
      const { error } = schemaOf(schema.$ref).safeParse(JSON.parse(response.text()));
      assert.equal(error, undefined, `${path}: ${error?.message}`);
    }
  });

  test('match the OpenAPI document when they are errors', async () => {
    const response = await sendRaw(fleet.gateway.port, requestBytes('POST', '/internal/refresh'));
    assertError(response, 401, 'UNAUTHORIZED');
    assert.match(response.header('www-authenticate') ?? '', /^Bearer/);
  });

  /** The schema of a part of the document, strict where the document is. */
  function schemaOf(ref: string): z.ZodType {
    const text = JSON.stringify({ $ref: ref, $defs: document.components.schemas });
    return z.fromJSONSchema(JSON.parse(text.replaceAll('#/components/schemas/', '#/$defs/')) as JsonSchema);
  }

  test('are 405 with Allow for a method that the path does not have', async () => {
    for (const path of paths('get')) {
      for (const method of ['POST', 'PUT', 'DELETE']) {
        const response = await sendRaw(fleet.gateway.port, requestBytes(method, path, ['Content-Length: 0']));
        assertError(response, 405, 'METHOD_NOT_ALLOWED');
        assert.equal(response.header('allow'), 'GET, HEAD, OPTIONS', path);
      }
      const options = await sendRaw(fleet.gateway.port, requestBytes('OPTIONS', path));
      assert.deepEqual([options.status, options.header('allow')], [204, 'GET, HEAD, OPTIONS'], path);
    }
    const response = await get('/internal/refresh');
    assertError(response, 405, 'METHOD_NOT_ALLOWED');
    assert.equal(response.header('allow'), 'POST, OPTIONS');
  });

  test('have the headers of GET and no body for HEAD', async () => {
    for (const path of ['/version', '/internal/health', '/internal/openapi.json']) {
      const whole = await get(path);
      const response = await sendRaw(fleet.gateway.port, requestBytes('HEAD', path));
      assert.equal(response.status, 200);
      for (const name of ['content-length', 'content-type', 'etag', 'cache-control'])
        assert.equal(response.header(name), whole.header(name), `${path} ${name}`);
    }
  });

  test('are 304 for the weak ETag of an unchanged body, at every worker', async () => {
    for (const path of [
      '/internal/status',
      '/internal/status/endpoints',
      '/internal/stats/models',
      '/version',
    ]) {
      const etag = await waitFor(
        async () => {
          const first = (await get(path)).header('etag');
          const second = (await get(path)).header('etag');
          return first === second ? first : undefined;
        },
        { describe: `${path} to be unchanged` },
      );
      assert.match(etag, /^W\/"[^"]+"$/);
      for (let n = 0; n < 4; n += 1) {
        const response = await get(path, [`If-None-Match: ${etag}`]);
        assert.deepEqual([response.status, response.text(), response.header('etag')], [304, '', etag], path);
        assertOnEveryResponse(response, path);
      }
    }
    await chat('compat');
    const before = (await get('/internal/status')).header('etag');
    await chat('compat');
    const after = await get('/internal/status', [`If-None-Match: ${before}`]);
    assert.equal(after.status, 200, 'another request is another body');
  });

  test('are compressed with gzip when they are large and the client accepts it', async () => {
    for (const path of ['/internal/status', '/internal/status/endpoints', '/internal/openapi.json']) {
      const response = await get(path, ['Accept-Encoding: gzip']);
      assert.equal(response.header('content-encoding'), 'gzip', path);
      assert.match(response.header('vary') ?? '', /Accept-Encoding/);
      assert.equal(response.header('content-length'), String(asBytes(response).length));
      JSON.parse(gunzipSync(asBytes(response)).toString());
      assert.equal((await get(path)).header('content-encoding'), undefined);
    }
  });

  interface Status {
    readonly system: { readonly total_requests: number; readonly total_failures: number };
  }
  const totals = async (): Promise<Status['system']> =>
    (JSON.parse((await get('/internal/status')).text()) as Status).system;

  test('count the requests of a killed worker once', async () => {
    const before = await totals();
    const sent = 12;
    for (let n = 0; n < sent; n += 1) assert.equal((await chat('desk')).status, 200);
    fleet.setRespond(({ socket }) => void socket.write(jsonResponse({}, '500 Oops')));
    assert.equal((await chat('cards')).status, 500);
    const expected = [before.total_requests + sent + 1, before.total_failures + 1];
    const counted = async (): Promise<number[]> => {
      const { total_requests, total_failures } = await totals();
      return [total_requests, total_failures];
    };
    assert.deepEqual(await counted(), expected);
    const [killed, kept] = fleet.gateway.children().workers;
    process.kill(killed as number, 'SIGKILL');
    await waitFor(
      () => {
        const { workers } = fleet.gateway.children();
        return (
          workers.length === 2 && !workers.includes(killed as number) && workers.includes(kept as number)
        );
      },
      { describe: 'a new worker' },
    );
    await waitFor(async () => assert.deepEqual(await counted(), expected) === undefined, {
      describe: 'all requests to be counted',
    });
    for (let n = 0; n < 6; n += 1) assert.deepEqual(await counted(), expected);
  });
});
