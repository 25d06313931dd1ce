import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { createAdminToken } from '@olla/admin-api/token-file';
import { OllaError } from '@olla/core/errors';
import { AdminToken } from '@olla/gateway/admin/admin-token';
import { createAdmin } from '@olla/gateway/admin/create-admin';
import { errorResponse } from '@olla/gateway/request/error-response';
import type { FakeCluster } from '@olla/gateway/testing/fake-cluster';
import { listModels } from './fake-sample.ts';
import { temporaryFolder } from './run-command-line.ts';

export interface FakeGateway {
  readonly url: string;
  readonly port: number;
  /** The environment of a command on the same machine. */
  readonly env: Record<string, string>;
}

/** Serves the real admin API for a fake cluster, with the token file of a local gateway. */
export async function serveFakeGateway(t: TestContext, cluster: FakeCluster): Promise<FakeGateway> {
  const folder = temporaryFolder(t);
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://gateway.test');
    if (url.pathname === '/olla/models')
      return void response.end(JSON.stringify({ object: 'list', data: listModels(cluster) }));
    const headers = request.headers as Record<string, string | undefined>;
    const { method = 'GET' } = request;
    void admin
      .handle({
        method,
        path: url.pathname,
        query: url.searchParams,
        headers,
        clientAddress: '127.0.0.1',
        isOutsider: false,
      })
      .then(
        ({ status, headers, body }) => response.writeHead(status, headers.flat()).end(body),
        (error: unknown) => {
          assert.ok(error instanceof OllaError);
          const { status, headers, body } = errorResponse(error);
          response.writeHead(status, [...headers]).end(body);
        },
      );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const { token } = createAdminToken(port, { XDG_RUNTIME_DIR: folder });
  const admin = createAdmin({ ...cluster.deps, adminToken: new AdminToken(token) });
  const url = `http://127.0.0.1:${port}`;
  return { url, port, env: { XDG_RUNTIME_DIR: folder, OLLA_GATEWAY: url } };
}
