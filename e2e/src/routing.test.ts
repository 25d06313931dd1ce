import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Gateway } from '@olla/testing/olla-process';
import { openConnection } from '@olla/testing/raw-http';
import { startSimulator, type Simulator } from '@olla/testing/simulator-process';
import { Started } from '@olla/testing/started';
import { waitFor } from '@olla/testing/wait-for';
import { startGatewayFor } from './start-gateway-for.ts';

/** Sends a chat on a connection of its own, so that any worker may get it. */
async function chat(gateway: Gateway, model: string, prefix = 'openai'): Promise<Response> {
  return fetch(`${gateway.url}/olla/${prefix}/v1/chat/completions`, {
    method: 'POST',
    headers: { connection: 'close' },
    body: JSON.stringify({ model, messages: [{ role: 'user', content: 'Hi' }], max_tokens: 2 }),
  });
}

function routingOf(response: Response): (string | null)[] {
  return ['strategy', 'decision', 'reason'].map((part) => response.headers.get(`x-olla-routing-${part}`));
}

describe('routing strategies', () => {
  let fleet: Simulator;
  const started = new Started();
  before(async () => {
    fleet = started.add(
      await startSimulator({
        timeScale: 50,
        servers: [
          { name: 'desk', type: 'ollama', models: [{ name: 'llama3.1:8b', loaded: true }] },
          { name: 'cards', type: 'vllm', models: ['only/on-cards'] },
        ],
      }),
    );
  });
  after(() => started.stop());

  async function gatewayWith(type: string, options: object): Promise<Gateway> {
    return startGatewayFor({
      endpoints: fleet.servers.map(({ name, url, type: kind }) => ({ name, url, type: kind })),
      config: {
        model_registry: { routing_strategy: { type, options } },
        discovery: { model_discovery: { interval: '10m' } },
      },
      models: ['llama3.1:8b', 'only/on-cards'],
    });
  }

  test('discovery lists the models again before it answers 404 for a model', async () => {
    const gateway = await gatewayWith('discovery', {
      discovery_refresh_on_miss: true,
      discovery_timeout: '1m',
      fallback_behavior: 'none',
    });
    const known = await chat(gateway, 'llama3.1:8b');
    assert.deepEqual(routingOf(known), ['discovery', 'routed', 'model_found_no_refresh']);

    await fleet.control('POST', 'desk/models', 'phi4:14b');
    const found = await chat(gateway, 'phi4:14b');
    assert.equal(found.status, 200, await found.text());
    assert.equal(found.headers.get('x-olla-endpoint'), 'desk');
    assert.match(String(routingOf(found)[2]), /^model_found_(no|after)_refresh$/);

    const startedAt = performance.now();
    const missing = await Promise.all(Array.from({ length: 20 }, () => chat(gateway, 'unknown-model')));
    for (const response of missing) {
      assert.equal(response.status, 404);
      assert.deepEqual(routingOf(response), ['discovery', 'rejected', 'model_not_found']);
    }
    assert.ok(
      performance.now() - startedAt < 4_000,
      'the responses come with the new lists, not after the timeout',
    );

    await fleet.control('POST', 'cards/faults', { kind: 'hang-before-head' });
    const leaving = await openConnection(gateway.port);
    const body = '{"model":"another-unknown-model"}';
    leaving.write(
      `POST /olla/openai/v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    await waitFor(async () => (await fleet.requests('cards')).some(({ outcome }) => outcome === 'open'), {
      describe: 'a hanging model list',
    });
    leaving.destroy();
    await fleet.control('DELETE', 'cards/faults');
    // A request that still waited would keep the gateway from stopping for discovery_timeout.
    await gateway.stop(8_000);
  });
});
