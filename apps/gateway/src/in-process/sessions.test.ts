import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import type { StatsStickyBody } from '@olla/admin-api/schema/stats';
import { sendRaw } from '@olla/testing/raw-http';
import { chunkedPost, postBytes } from '@olla/testing/request-bytes';
import { waitFor } from '@olla/testing/wait-for';
import { startWithBackends, type GatewayWithBackends } from '../../testing/gateway-with-backends.ts';

const SYSTEM = {
  role: 'system',
  content: 'You are the assistant of one and the same application. '.repeat(40),
};
const SPECS = { e0: { models: ['m'] }, e1: { models: ['m'] }, e2: { models: ['m'] } };
type Fixture = GatewayWithBackends<keyof typeof SPECS>;

const start = (t: TestContext, workers = 1): Promise<Fixture> =>
  startWithBackends(t, SPECS, {
    workers,
    config: {
      proxy: { sticky_sessions: { enabled: true, key_sources: ['session_header', 'prefix_hash'] } },
    },
  });

interface Turn {
  readonly endpoint: string | undefined;
  readonly session: string | undefined;
  readonly source: string | undefined;
  readonly sessionId: string | undefined;
}

const user = (content: string): object => ({ role: 'user', content });

/** Sends a turn of a conversation to the worker behind this port. */
async function turn(port: number, messages: readonly object[], sessionId?: string): Promise<Turn> {
  const headers = sessionId === undefined ? [] : [`X-Olla-Session-ID: ${sessionId}`];
  const response = await sendRaw(port, postBytes(JSON.stringify({ model: 'm', messages }), headers));
  assert.equal(response.status, 200, response.text());
  return {
    endpoint: response.header('x-olla-endpoint'),
    session: response.header('x-olla-sticky-session'),
    source: response.header('x-olla-sticky-key-source'),
    sessionId: response.header('x-olla-session-id'),
  };
}

describe('a session', () => {
  test('that a header names stays at its endpoint', async (t) => {
    const { gateway } = await start(t);
    const first = await turn(gateway.port, [user('hi')], 'conv-1');
    assert.deepEqual(
      { ...first, endpoint: '' },
      { endpoint: '', session: 'miss', source: 'session_header', sessionId: 'conv-1' },
    );
    for (let n = 0; n < 5; n += 1)
      assert.deepEqual(await turn(gateway.port, [user(`turn ${n}`)], 'conv-1'), { ...first, session: 'hit' });
  });

  test('is known to the other workers of the gateway', async (t) => {
    const { gateway } = await start(t, 2);
    const first = await turn(gateway.port, [user('hi')], 'conv-1');
    const later = await waitFor(
      async () => {
        const next = await turn(gateway.ports[1] as number, [user('next')], 'conv-1');
        return next.session === 'hit' ? next : null;
      },
      { describe: 'the session at the other worker', intervalMs: 1 },
    );
    assert.equal(later.endpoint, first.endpoint);
  });

  test('is identified by the beginning of its conversation, and stays as it grows', async (t) => {
    const { gateway } = await start(t);
    const endpoints = new Set<string | undefined>();
    for (let n = 0; n < 12; n += 1) {
      const opening = [SYSTEM, user(`question ${n}`)];
      const first = await turn(gateway.port, opening);
      assert.deepEqual([first.session, first.source, first.sessionId], ['miss', 'prefix_hash', undefined]);
      endpoints.add(first.endpoint);
      const later = [...opening, { role: 'assistant', content: 'ok' }, user('and then?')];
      assert.deepEqual(await turn(gateway.port, later), { ...first, session: 'hit' });
    }
    assert.ok(endpoints.size > 1, 'one application is on more than one endpoint');
  });

  test('moves when its endpoint is unavailable, and stays there', async (t) => {
    const { gateway, backends } = await start(t);
    const { endpoint } = await turn(gateway.port, [user('hi')], 'conv-2');
    await backends[endpoint as keyof typeof SPECS].close();
    const moved = await turn(gateway.port, [user('hi')], 'conv-2');
    assert.notEqual(moved.endpoint, endpoint);
    assert.equal(moved.session, 'repin');
    assert.deepEqual(await turn(gateway.port, [user('hi')], 'conv-2'), { ...moved, session: 'hit' });
  });

  test('does not wait for a full endpoint: its turns beyond the slots go elsewhere', async (t) => {
    const { gateway, backends, connect } = await start(t);
    const { endpoint } = await turn(gateway.port, [user('hi')], 'conv-3');
    const full = backends[endpoint as keyof typeof SPECS];
    const bytes = postBytes('{"model":"m"}', ['X-Olla-Session-ID: conv-3']);
    for (let held = 0; held < 100; held += 1) {
      const arrived = Promise.withResolvers<null>();
      full.respond = () => arrived.resolve(null);
      const client = await connect();
      client.write(bytes);
      const response = await Promise.race([arrived.promise, client.nextHead().catch(() => null)]);
      if (response === null) continue;
      assert.notEqual(response.header('x-olla-endpoint'), endpoint);
      return;
    }
    assert.fail('the endpoint takes every turn');
  });

  test('is none if the request holds no conversation', async (t) => {
    const { gateway } = await start(t);
    const { session, source } = await turn(gateway.port, []);
    assert.deepEqual([session, source], ['disabled', undefined]);
  });

  test('is counted', async (t) => {
    const { gateway, get } = await start(t);
    for (let n = 0; n < 3; n += 1) await turn(gateway.port, [user('hi')], 'conv-1');
    await turn(gateway.port, [user('hi')], 'conv-2');
    assert.deepEqual(await get<StatsStickyBody>('/internal/stats/sticky'), {
      enabled: true,
      active_sessions: 2,
      insertions: 2,
      hits: 2,
      misses: 2,
      evictions: 0,
      max_sessions: 10_000,
      idle_ttl_seconds: 600,
    });
  });
});

describe('sessions by default', () => {
  test('are off, and no response has their headers', async (t) => {
    const { gateway, get } = await startWithBackends(t, SPECS);
    const { session } = await turn(gateway.port, [user('hi')], 'conv-1');
    assert.equal(session, undefined);
    assert.deepEqual(await get<StatsStickyBody>('/internal/stats/sticky'), { enabled: false });
  });
});

describe('a session of a coding agent, with long tools', () => {
  const tools = (bytes: number): object[] => [{ name: 'read', description: 'x'.repeat(bytes) }];
  const agent = ['Authorization: Bearer one-for-all'];
  const turnsOf = (n: number): object[] =>
    Array.from({ length: 11 }, (_, at) =>
      at === 0 ? SYSTEM : at % 2 === 1 ? user(`task ${n}, step ${at}`) : { role: 'assistant', content: 'ok' },
    );
  const orders: Readonly<Record<string, (messages: object[]) => object>> = {
    'before the messages': (messages) => ({ model: 'm', tools: tools(400_000), messages }),
    'behind the messages': (messages) => ({ model: 'm', messages, tools: tools(400_000) }),
    'before the messages, and the model last': (messages) => ({
      tools: tools(400_000),
      messages,
      model: 'm',
    }),
    'of 2 MiB': (messages) => ({ tools: tools(2_000_000), model: 'm', messages }),
    'before the input of responses': (input) => ({ model: 'm', tools: tools(400_000), input }),
  };
  for (const [where, body] of Object.entries(orders))
    for (const [framing, post] of [
      ['counted', (text: string) => postBytes(text, agent)],
      ['chunked', (text: string) => chunkedPost([text.slice(0, 1_000), text.slice(1_000)], agent)],
    ] as const)
      test(`${where}, is identified and stays (${framing})`, async (t) => {
        const { send } = await startWithBackends(t, SPECS, {
          config: { proxy: { sticky_sessions: { enabled: true } } },
        });
        const endpoints = new Map<number, string | undefined>();
        for (const length of [2, 6])
          for (let n = 0; n < 3; n += 1) {
            const response = await send(post(JSON.stringify(body(turnsOf(n).slice(0, length)))));
            assert.equal(response.header('x-olla-sticky-key-source'), 'prefix_hash');
            // A conversation that was mistaken for an earlier one would be a hit.
            const isFirst = !endpoints.has(n);
            const endpoint = response.header('x-olla-endpoint');
            assert.equal(
              response.header('x-olla-sticky-session'),
              isFirst ? 'miss' : 'hit',
              `conversation ${n}`,
            );
            if (isFirst) endpoints.set(n, endpoint);
            assert.equal(endpoint, endpoints.get(n));
          }
      });

  test('is identified by the next source if nothing is found in the first 8 MiB', async (t) => {
    const { send } = await startWithBackends(t, SPECS, {
      config: { proxy: { sticky_sessions: { enabled: true } } },
    });
    const body = JSON.stringify({ model: 'm', tools: tools(8.5 * 1024 * 1024), messages: turnsOf(1) });
    const response = await send(postBytes(body, agent));
    assert.deepEqual([response.status, response.header('x-olla-sticky-key-source')], [200, 'auth_header']);
  });
});
