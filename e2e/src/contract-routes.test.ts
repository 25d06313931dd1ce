import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { loadSettings } from '@olla/config/load';
import { header } from '@olla/testing/http-message';
import { jsonResponse, type ReceivedRequest } from '@olla/testing/raw-backend';
import { sendRaw, type RawResponse } from '@olla/testing/raw-http';
import { CHAT, postBytes, requestBytes } from '@olla/testing/request-bytes';
import { Started } from '@olla/testing/started';
import { tempFolder } from '@olla/testing/temp-folder';
import { SERVERS, startContractFleet, type ContractFleet, type ServerName } from './contract-fleet.ts';

// The title of each test is a line of the contract's page: see docs/contract.md.
describe('the contract: routes', () => {
  let fleet: ContractFleet;
  let port: number;
  const started = new Started();
  before(async () => {
    fleet = started.add(await startContractFleet());
    ({ port } = fleet.gateway);
  });
  after(() => started.stop());
  beforeEach(() => {
    for (const backend of Object.values(fleet.servers)) backend.requests.length = 0;
    fleet.setRespond(({ socket }) => void socket.write(jsonResponse({ ok: true })));
  });

  const get = (path: string, headers?: string[]): Promise<RawResponse> =>
    sendRaw(port, requestBytes('GET', path, headers));
  const chat = (name: ServerName, headers: string[] = [], path = CHAT): Promise<RawResponse> =>
    sendRaw(port, postBytes(`{"model":"${SERVERS[name].model}"}`, headers, path));
  /** The last request of a client: probes of the agent may follow it. */
  const lastRequestOf = (name: ServerName): ReceivedRequest =>
    fleet.servers[name].requests.findLast((request) => header(request, 'x-request-id') !== undefined) ??
    assert.fail(`${name} got no request`);
  const json = (response: RawResponse): Record<string, unknown> =>
    JSON.parse(response.text()) as Record<string, unknown>;

  test('http://localhost:40114', async () => {
    const loaded = loadSettings({ env: {}, cwd: tempFolder() });
    assert.ok(loaded.ok);
    assert.deepEqual([loaded.settings.server.host, loaded.settings.server.port], ['localhost', 40114]);
  });

  test('/internal/health', async () => {
    const response = await get('/internal/health');
    assert.equal(response.status, 200);
    assert.equal(json(response)['status'], 'healthy');
  });

  test('/internal/status', async () => {
    await chat('compat');
    const { system, endpoints } = json(await get('/internal/status')) as {
      system: { total_requests: number };
      endpoints: { name: string; requests: number }[];
    };
    assert.ok(system.total_requests > 0);
    assert.deepEqual(endpoints.map(({ name }) => name).sort(), Object.keys(SERVERS).sort());
  });

  test('/internal/process', async () => {
    // Under a host that may belong to another site, the response has no process ids.
    const request = 'GET /internal/process HTTP/1.1\r\nHost: localhost\r\n\r\n';
    const { processes } = json(await sendRaw(port, request)) as {
      processes: { role: string; pid: number; rss_bytes: number }[];
    };
    const { workers, agent } = fleet.gateway.children();
    const pidsOf = (role: string): number[] =>
      processes.filter((process) => process.role === role).map(({ pid }) => pid);
    assert.deepEqual(pidsOf('worker').sort(), workers.sort());
    assert.deepEqual(pidsOf('agent'), [agent]);
    for (const { rss_bytes } of processes) assert.ok(rss_bytes > 10 * 1024 * 1024);
  });

  test('/olla/models', async () => {
    const listed = (await get('/olla/models')).text();
    for (const name of ['desk', 'studio', 'cards', 'compat'] as const)
      assert.ok(listed.includes(JSON.stringify(SERVERS[name].model)), name);
  });

  test('/olla/ollama/*', async () => {
    const { model } = SERVERS.desk;
    // `made` is created and deleted: afterwards no endpoint has it.
    const bodies = {
      ...Object.fromEntries(
        ['chat', 'generate', 'embed', 'embeddings', 'show', 'pull', 'push'].map((call) => [call, { model }]),
      ),
      copy: { source: model, destination: 'made' },
      create: { model: 'made', from: model },
      delete: { model: 'made' },
    };
    for (const [call, value] of Object.entries(bodies)) {
      const body = JSON.stringify(value);
      const response = await sendRaw(port, postBytes(body, [], `/olla/ollama/api/${call}`));
      assert.deepEqual([response.status, response.header('x-olla-endpoint')], [200, 'desk'], call);
      const { requests } = fleet.servers.desk;
      assert.ok(
        requests.some(({ target }) => target === `/api/${call}`),
        call,
      );
    }
  });

  const reaches = async (prefix: string, name: ServerName): Promise<void> => {
    for (const path of ['/v1/chat/completions', '/v1/completions', '/v1/embeddings']) {
      const response = await chat(name, [], `/olla/${prefix}${path}`);
      assert.deepEqual([response.status, response.header('x-olla-endpoint')], [200, name], path);
      assert.ok(lastRequestOf(name).target.endsWith(path.slice(3)));
    }
  };
  test('Ollama: OpenAI-compatible endpoints included', () => reaches('ollama', 'desk'));
  test('/olla/lmstudio/*', () => reaches('lmstudio', 'studio'));
  test('/olla/lm-studio/*', () => reaches('lm-studio', 'studio'));
  test('/olla/lm_studio/*', () => reaches('lm_studio', 'studio'));
  test('/olla/openai/*', () => reaches('openai', 'compat'));
  test('/olla/vllm/*', () => reaches('vllm', 'cards'));

  test('No authentication at the proxy level; left to backend services', async () => {
    assert.equal((await chat('compat')).status, 200);
    assert.equal((await chat('compat', ['Authorization: Bearer mine', 'X-Api-Key: mine'])).status, 200);
    assert.equal(header(lastRequestOf('compat'), 'authorization'), 'Bearer mine');
    assert.equal(header(lastRequestOf('compat'), 'x-api-key'), 'mine');
    fleet.setRespond(({ socket }) => void socket.write(jsonResponse({ error: 'who?' }, '401 Unauthorized')));
    assert.equal((await chat('compat')).status, 401);
  });

  test('Content-Type: application/json for POST requests', async () => {
    assert.equal((await chat('compat')).status, 200);
    assert.equal(header(lastRequestOf('compat'), 'content-type'), 'application/json');
  });

  test('X-Request-ID', async () => {
    const own = '~!visible-ascii-only{}';
    for (const path of ['/version', '/nope', '/olla/models'])
      assert.equal((await get(path, [`X-Request-ID: ${own}`])).header('x-olla-request-id'), own, path);
    assert.equal((await chat('compat', [`X-Request-ID: ${own}`])).header('x-olla-request-id'), own);
    assert.equal(header(lastRequestOf('compat'), 'x-request-id'), own);
    for (const bad of ['two words', 'umlaut-\u00fc', 'x'.repeat(129), '']) {
      const id = (await chat('compat', [`X-Request-ID: ${bad}`])).header('x-olla-request-id');
      assert.notEqual(id, bad);
      assert.equal(header(lastRequestOf('compat'), 'x-request-id'), id, 'the backend gets the same id');
    }
  });
});
