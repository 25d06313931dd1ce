import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { EndpointView } from '@olla/core/route-plan/endpoint-view';
import type { SessionPlacement } from '@olla/state/port';
import { Exchange } from '../request/exchange.ts';
import type { ReadBody } from '../request/read-body.ts';
import { Sessions, type SessionTurn } from './sessions.ts';

const SETTINGS = {
  enabled: true,
  idle_ttl_seconds: 600,
  max_sessions: 10_000,
  prefix_hash_bytes: undefined,
  key_sources: ['session_header', 'prefix_hash'] as ('session_header' | 'prefix_hash')[],
};

interface Worker {
  readonly sessions: Sessions;
  readonly told: (readonly SessionPlacement[])[];
  hear(placements: readonly SessionPlacement[]): void;
  turn(sessionId: string | null, body?: string): SessionTurn;
}

function worker(t: TestContext, workers = 2): Worker {
  const told: (readonly SessionPlacement[])[] = [];
  let hear: Worker['hear'] = () => undefined;
  const sessions = new Sessions(SETTINGS, {
    tellSessions: (placements) => told.push(placements),
    onSessions: (listener) => {
      hear = listener;
      return () => undefined;
    },
    peers: () => ({ gateways: 1, workers }),
  });
  t.after(() => sessions.close());
  return {
    sessions,
    told,
    hear: (placements) => hear(placements),
    turn(sessionId, body) {
      const headers = sessionId === null ? {} : { 'x-olla-session-id': sessionId };
      const exchange = new Exchange({ headers, method: 'POST', url: '/' } as never, {} as never, 'id', []);
      exchange.model = 'm';
      const chunks = body === undefined ? [] : [...body].map((byte) => Buffer.from(byte));
      const read: ReadBody = { ask: null, encoding: 'json', chunks, unfinished: false, length: null };
      return sessions.turn(exchange, read);
    },
  };
}

const at = (key: string): EndpointView => ({ key }) as unknown as EndpointView;

function word(turn: SessionTurn, planned: string, answered = planned): string | undefined {
  turn.planned(at(planned));
  return turn.answeredBy(at(answered))[1];
}

test('a session misses first, hits where it was, and is repinned where it moves', (t) => {
  const { turn, sessions } = worker(t);
  assert.equal(word(turn('s'), 'a'), 'miss');
  assert.equal(word(turn('s'), 'a'), 'hit');
  // The plan's endpoint did not answer, another did.
  assert.equal(word(turn('s'), 'a', 'b'), 'repin');
  assert.equal(turn('s').lookup?.at, 'b');
  assert.equal(word(turn('s'), 'b'), 'hit');
  assert.deepEqual(sessions.report(), { active: 1, insertions: 1, hits: 3, misses: 1, evictions: 0 });
});

test('the headers name the source, and give back the id of the session', (t) => {
  const { turn } = worker(t);
  const byId = turn('conv-1');
  byId.planned(at('a'));
  assert.deepEqual(byId.answeredBy(at('a')), [
    'X-Olla-Sticky-Session',
    'miss',
    'X-Olla-Sticky-Key-Source',
    'session_header',
    'X-Olla-Session-ID',
    'conv-1',
  ]);
  const byPrefix = turn(null, '{"messages":[{"role":"user","content":"in many chunks"}]}');
  byPrefix.planned(at('a'));
  assert.deepEqual(byPrefix.answeredBy(at('a')), [
    'X-Olla-Sticky-Session',
    'miss',
    'X-Olla-Sticky-Key-Source',
    'prefix_hash',
  ]);
  assert.deepEqual(turn(null, '{"input":"x"}').answeredBy(at('a')), ['X-Olla-Sticky-Session', 'disabled']);
});

test('what another worker placed is known here', (t) => {
  const [one, other] = [worker(t), worker(t)];
  word(one.turn('s'), 'a');
  for (const placements of one.told) other.hear(placements);
  assert.equal(word(other.turn('s'), 'a'), 'hit');
  assert.equal(other.told.length, 0);
  assert.equal(other.sessions.report().insertions, 0);
});

test('the first placements are told at once, a flood of them together', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { turn, told } = worker(t);
  word(turn('s0'), 'a');
  assert.equal(told.length, 1);
  for (let i = 1; i < 3_000; i += 1) word(turn(`s${i}`), 'a');
  const atOnce = told.length;
  assert.ok(atOnce < 100, `${atOnce} messages`);
  t.mock.timers.tick(100);
  const known = new Set(told.flat().map(([session]) => session));
  assert.equal(known.size, 3_000);
  assert.ok(told.length <= atOnce + 20);
});

test('a worker that is alone tells nobody', (t) => {
  const { turn, told } = worker(t, 1);
  word(turn('s'), 'a');
  assert.equal(told.length, 0);
});
