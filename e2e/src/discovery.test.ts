import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Gateway } from '@olla/testing/olla-process';
import { startSimulator, type Simulator } from '@olla/testing/simulator-process';
import { Started } from '@olla/testing/started';
import { waitFor } from '@olla/testing/wait-for';
import { startGatewayFor, waitForModel, waitForModelGone } from './start-gateway-for.ts';

interface EndpointStatus {
  readonly name: string;
  readonly status: string;
}

describe('discovery', () => {
  let fleet: Simulator;
  let gateway: Gateway;
  const started = new Started();
  before(async () => {
    fleet = started.add(
      await startSimulator({
        timeScale: 50,
        servers: [
          {
            name: 'desk',
            type: 'ollama',
            memoryGb: 24,
            models: [
              { name: 'llama3.1:8b', loaded: true },
              { name: 'qwen3:14b', loadS: 5 },
            ],
          },
          { name: 'cards', type: 'vllm', models: ['only/on-cards'] },
        ],
      }),
    );
    gateway = started.add(
      await startGatewayFor({
        endpoints: fleet.servers.map(({ name, url, type }) => ({
          name,
          url,
          type,
          check_interval: '200ms',
          check_timeout: '400ms',
        })),
        models: ['llama3.1:8b', 'only/on-cards'],
      }),
    );
  });
  after(() => started.stop());

  async function chat(model: string): Promise<Response> {
    return fetch(`${gateway.url}/olla/openai/v1/chat/completions`, {
      method: 'POST',
      headers: { connection: 'close' },
      body: JSON.stringify({ model, messages: [{ role: 'user', content: 'Hi' }], max_tokens: 2 }),
    });
  }

  async function endpoint(name: string): Promise<EndpointStatus | undefined> {
    const response = await fetch(`${gateway.url}/internal/status/endpoints`);
    const { endpoints } = (await response.json()) as { endpoints: EndpointStatus[] };
    return endpoints.find((entry) => entry.name === name);
  }

  test('lists and serves a pulled model, and does not serve a removed one', async () => {
    await fleet.control('POST', 'desk/models', 'phi4:14b');
    await waitForModel(gateway, 'phi4:14b');
    const served = await chat('phi4:14b');
    assert.equal(served.status, 200, await served.text());
    await fleet.control('DELETE', `desk/models/${encodeURIComponent('phi4:14b')}`);
    await waitForModelGone(gateway, 'phi4:14b');
    assert.equal((await chat('phi4:14b')).status, 404);
  });

  test('reports an endpoint that is down as offline, answers 503 for its models, and serves them when it is back', async () => {
    await fleet.control('POST', 'cards/faults', { kind: 'refuse', how: 'reset' });
    await waitFor(async () => (await endpoint('cards'))?.status === 'offline', {
      describe: 'cards to be offline',
    });
    const refused = await chat('only/on-cards');
    assert.equal(refused.status, 503);
    const { error } = (await refused.json()) as { error: { message: string; code: string } };
    assert.match(error.message, /only\/on-cards[^]*cards is offline/);
    await fleet.control('DELETE', 'cards/faults');
    await waitFor(async () => (await endpoint('cards'))?.status === 'healthy', {
      describe: 'cards to be healthy',
    });
    await waitFor(async () => (await chat('only/on-cards')).status === 200, {
      describe: 'cards to serve',
      timeoutMs: 3000,
    });
  });

  test('takes an endpoint out when its health check hangs or fails', async () => {
    for (const fault of [{ kind: 'hang-before-head' }, { kind: 'status', status: 503 }]) {
      await fleet.control('POST', 'cards/faults', { ...fault, path: '/health' });
      await waitFor(
        async () => !['healthy', 'busy'].includes((await endpoint('cards'))?.status ?? 'healthy'),
        {
          describe: `cards to be taken out after ${fault.kind}`,
        },
      );
      await fleet.control('DELETE', 'cards/faults');
      await waitFor(async () => (await endpoint('cards'))?.status === 'healthy', {
        describe: 'cards to be healthy',
      });
    }
  });

  test('lists the models of all providers, each once', async () => {
    const response = await fetch(`${gateway.url}/olla/models`);
    assert.equal(response.status, 200);
    const { object, data } = (await response.json()) as {
      object: string;
      data: { id: string; olla?: { availability?: unknown } }[];
    };
    assert.equal(object, 'list');
    const ids = data.map(({ id }) => id).sort();
    assert.deepEqual(ids, ['llama3.1:8b', 'only/on-cards', 'qwen3:14b']);
  });
});
