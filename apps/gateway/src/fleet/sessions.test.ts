import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import type { SessionPlacement } from '@olla/state/ports/sessions';
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
  readonly published: SessionPlacement[];
  receive(placements: readonly SessionPlacement[]): void;
  turn(sessionId: string | null, body?: string): SessionTurn;
}

function worker(t: TestContext): Worker {
  const published: SessionPlacement[] = [];
  let receive: Worker['receive'] = () => undefined;
  const sessions = new Sessions(SETTINGS, {
    place: (session, endpointKey) => published.push([session, endpointKey]),
    onPlacements: (listener) => {
      receive = listener;
      return () => undefined;
    },
  });
  t.after(() => sessions.close());
  return {
    sessions,
    published,
    receive: (placements) => receive(placements),
    turn(sessionId, body) {
      const headers = sessionId === null ? {} : { 'x-olla-session-id': sessionId };
      const scanner = sessions.openingScanner(headers);
      scanner?.push(Buffer.from(body ?? ''));
      const opening = scanner?.opening ?? null;
      return sessions.turn({ headers, clientAddress: '', model: 'm', body: { opening } });
    },
  };
}

const at = (key: string) => ({ key });

function word(turn: SessionTurn, planned: string, responded = planned): string | undefined {
  turn.planned(at(planned));
  return turn.respondedBy(at(responded))[1];
}

describe('Sessions', () => {
  test('a session misses first, hits at its endpoint, and is repinned when it moves', (t) => {
    const { turn, sessions } = worker(t);
    assert.equal(word(turn('s'), 'a'), 'miss');
    assert.equal(word(turn('s'), 'a'), 'hit');
    // The plan's endpoint did not answer, and another one did.
    assert.equal(word(turn('s'), 'a', 'b'), 'repin');
    assert.equal(turn('s').lookup?.at, 'b');
    assert.equal(word(turn('s'), 'b'), 'hit');
    assert.deepEqual(sessions.report(), { active: 1, insertions: 1, hits: 3, misses: 1, evictions: 0 });
  });

  test('the headers name the source, and return the id of the session', (t) => {
    const { turn } = worker(t);
    const byId = turn('conv-1');
    byId.planned(at('a'));
    assert.deepEqual(byId.respondedBy(at('a')), [
      'X-Olla-Sticky-Session',
      'miss',
      'X-Olla-Sticky-Key-Source',
      'session_header',
      'X-Olla-Session-ID',
      'conv-1',
    ]);
    const byPrefix = turn(null, '{"messages":[{"role":"user","content":"in many chunks"}]}');
    byPrefix.planned(at('a'));
    assert.deepEqual(byPrefix.respondedBy(at('a')), [
      'X-Olla-Sticky-Session',
      'miss',
      'X-Olla-Sticky-Key-Source',
      'prefix_hash',
    ]);
    assert.deepEqual(turn(null, '{"input":"x"}').respondedBy(at('a')), ['X-Olla-Sticky-Session', 'disabled']);
  });

  test('a placement of another worker is known here', (t) => {
    const [one, other] = [worker(t), worker(t)];
    word(one.turn('s'), 'a');
    other.receive(one.published);
    assert.equal(word(other.turn('s'), 'a'), 'hit');
    assert.equal(other.published.length, 0);
    assert.equal(other.sessions.report().insertions, 0);
  });
});
