import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Gateway } from '@olla/testing/olla-process';
import { startRawBackend, type RawBackend } from '@olla/testing/raw-backend';
import { waitFor } from '@olla/testing/wait-for';
import { endpointConfig, startGatewayFor } from './start-gateway-for.ts';

interface Turn {
  readonly endpoint: string | null;
  readonly session: string | null;
  readonly source: string | null;
  readonly sessionId: string | null;
}

const SYSTEM = {
  role: 'system',
  content: 'You are the assistant of one and the same application. '.repeat(40),
};

describe('sticky sessions over two workers', () => {
  const backends: RawBackend[] = [];
  let gateway: Gateway;
  before(async () => {
    for (let i = 0; i < 3; i += 1) backends.push(await startRawBackend({ models: ['m'] }));
    gateway = await startGatewayFor({
      endpoints: backends.map((backend, i) => endpointConfig(`e${i}`, backend, { check_interval: '10s' })),
      config: {
        proxy: { sticky_sessions: { enabled: true, key_sources: ['session_header', 'prefix_hash'] } },
      },
      models: ['m'],
    });
  });
  after(async () => {
    await gateway.stop();
    await Promise.all(backends.map((backend) => backend.close()));
  });

  /** Sends a turn on a connection of its own, so that any worker may get it. */
  async function turn(
    messages: readonly object[],
    sessionId?: string,
    path = 'chat/completions',
  ): Promise<Turn> {
    const response = await fetch(`${gateway.url}/olla/openai/v1/${path}`, {
      method: 'POST',
      headers: {
        connection: 'close',
        ...(sessionId === undefined ? {} : { 'X-Olla-Session-ID': sessionId }),
      },
      body: JSON.stringify({ model: 'm', messages }),
    });
    assert.equal(response.status, 200, await response.text());
    const { headers } = response;
    return {
      endpoint: headers.get('x-olla-endpoint'),
      session: headers.get('x-olla-sticky-session'),
      source: headers.get('x-olla-sticky-key-source'),
      sessionId: headers.get('x-olla-session-id'),
    };
  }

  /**
   * Sends turns until one is a session hit. A worker learns a moment later of a session that the other one placed; the
   * endpoint is the same from the first turn on.
   */
  async function untilKnown(first: Turn, next: () => Promise<Turn>): Promise<void> {
    await waitFor(
      async () => {
        const later = await next();
        assert.equal(later.endpoint, first.endpoint);
        assert.deepEqual({ ...later, session: '' }, { ...first, session: '' });
        return later.session === 'hit';
      },
      { describe: 'a session hit' },
    );
  }

  const user = (content: string): object => ({ role: 'user', content });

  test('keeps a session with a session header at its endpoint, at every worker', async () => {
    const first = await turn([user('hi')], 'conv-1');
    assert.deepEqual(
      { ...first, endpoint: '' },
      { endpoint: '', session: 'miss', source: 'session_header', sessionId: 'conv-1' },
    );
    await untilKnown(first, () => turn([user('next')], 'conv-1'));
    for (let i = 0; i < 12; i += 1)
      assert.deepEqual(await turn([user(`turn ${i}`)], 'conv-1'), { ...first, session: 'hit' });
  });

  test('distinguishes the conversations of one application, and keeps each at its endpoint', async () => {
    const endpoints = new Set<string | null>();
    for (let i = 0; i < 12; i += 1) {
      const opening = [SYSTEM, user(`question ${i}`)];
      const first = await turn(opening);
      assert.deepEqual([first.session, first.source], ['miss', 'prefix_hash']);
      assert.equal(first.sessionId, null);
      endpoints.add(first.endpoint);
      const later = [...opening, { role: 'assistant', content: 'ok' }, user('and then?')];
      await untilKnown(first, () => turn(later));
    }
    assert.ok(endpoints.size > 1, 'one application is on more than one endpoint');
  });

  test('assigns no session to a request without a conversation', async () => {
    const { session, source } = await turn([], undefined, 'embeddings');
    assert.deepEqual([session, source], ['disabled', null]);
  });

  test('reports the sessions of all workers in the statistics', async () => {
    const response = await fetch(`${gateway.url}/internal/stats/sticky`);
    const { insertions, hits, misses, ...others } = (await response.json()) as Record<string, number>;
    assert.ok(insertions !== undefined && insertions >= 13 && insertions <= 26 && misses === insertions);
    assert.ok(hits !== undefined && hits >= 24);
    assert.deepEqual(others, {
      enabled: true,
      active_sessions: 13,
      evictions: 0,
      max_sessions: 10_000,
      idle_ttl_seconds: 600,
    });
  });

  test('moves a session when its endpoint is down, and keeps it at the new one', async () => {
    const { endpoint } = await turn([user('hi')], 'conv-2');
    const gone = Number(endpoint?.slice(1));
    await backends[gone]?.close();
    const moved = await turn([user('hi')], 'conv-2');
    assert.notEqual(moved.endpoint, endpoint);
    assert.equal(moved.session, 'repin');
    await untilKnown(moved, () => turn([user('hi')], 'conv-2'));
    backends[gone] = await startRawBackend({ models: ['m'], port: backends[gone]?.port ?? 0 });
  });

  test('sends a request of a session to another endpoint when its own is full', async () => {
    const { endpoint } = await turn([user('hi')], 'conv-3');
    const full = backends[Number(endpoint?.slice(1))] as RawBackend;
    const respond = full.respond;
    full.respond = () => undefined;
    const leaving = new AbortController();
    const held = Array.from({ length: 40 }, () =>
      fetch(`${gateway.url}/olla/openai/v1/chat/completions`, {
        method: 'POST',
        headers: { 'X-Olla-Session-ID': 'conv-3' },
        body: '{"model":"m"}',
        signal: leaving.signal,
      }).then(
        (response) => response.headers.get('x-olla-endpoint'),
        () => null,
      ),
    );
    // Another endpoint answers the requests for which the session's endpoint has no slot.
    const elsewhere = await waitFor(
      async () => {
        const settled = await Promise.race([...held, Promise.resolve(null)]);
        return settled;
      },
      { describe: 'a response of another endpoint' },
    );
    assert.notEqual(elsewhere, endpoint);
    leaving.abort();
    await Promise.all(held);
    full.respond = respond;
  });
});
