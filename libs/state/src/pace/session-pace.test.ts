import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { VirtualClock } from '../../testing/virtual-clock.ts';
import type { SessionPlacement } from '../ports/sessions.ts';
import { SessionPace } from './session-pace.ts';

function paceOf(clock: VirtualClock): { pace: SessionPace; messages: (readonly SessionPlacement[])[] } {
  const messages: (readonly SessionPlacement[])[] = [];
  return { pace: new SessionPace((placements) => messages.push(placements), clock), messages };
}

describe('the pace of session placements', () => {
  test('sends the first placements at once, each in its own message', () => {
    const { pace, messages } = paceOf(new VirtualClock());
    pace.place('s1', 'a');
    pace.place('s2', 'b');
    assert.deepEqual(messages, [[['s1', 'a']], [['s2', 'b']]]);
  });

  test('sends a flood of placements in few messages, each placement within 100 ms', async () => {
    const clock = new VirtualClock();
    const { pace, messages } = paceOf(clock);
    for (let i = 0; i < 3_000; i += 1) pace.place(`s${i}`, 'a');
    assert.equal(messages.length, 20);
    await clock.run(100);
    assert.equal(messages.length, 23);
    assert.equal(new Set(messages.flat().map(([session]) => session)).size, 3_000);
    assert.equal(clock.isWaiting, false);
  });

  test('sends only the last placement of a session that moved meanwhile', async () => {
    const clock = new VirtualClock();
    const { pace, messages } = paceOf(clock);
    for (let i = 0; i < 20; i += 1) pace.place(`s${i}`, 'a');
    pace.place('moved', 'a');
    pace.place('moved', 'b');
    await clock.run(100);
    assert.deepEqual(messages.at(-1), [['moved', 'b']]);
  });

  test('sends nothing once it is closed', async () => {
    const clock = new VirtualClock();
    const { pace, messages } = paceOf(clock);
    for (let i = 0; i < 30; i += 1) pace.place(`s${i}`, 'a');
    pace.close();
    pace.place('late', 'a');
    await clock.run(1_000);
    assert.equal(messages.length, 20);
  });
});
