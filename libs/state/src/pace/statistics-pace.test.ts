import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { VirtualClock } from '../../testing/virtual-clock.ts';
import { STATISTICS_INTERVAL_MS, StatisticsPace } from './statistics-pace.ts';

describe('the pace of statistics', () => {
  test('sends once after a change, together with later changes', async () => {
    const clock = new VirtualClock();
    let sent = 0;
    const pace = new StatisticsPace(() => (sent += 1) > 0, clock);
    for (let i = 0; i < 100; i += 1) {
      pace.noteChange();
      await clock.run(1);
    }
    assert.equal(sent, 0);
    await clock.run(STATISTICS_INTERVAL_MS);
    assert.equal(sent, 1);
    await clock.run(10_000);
    assert.deepEqual([sent, clock.isWaiting], [1, false]);
  });

  test('tries again after its interval when it could not send', async () => {
    const clock = new VirtualClock();
    const outcomes = [false, true];
    const pace = new StatisticsPace(() => outcomes.shift() ?? true, clock);
    pace.noteChange();
    await clock.run(2 * STATISTICS_INTERVAL_MS);
    assert.deepEqual([outcomes.length, clock.isWaiting], [0, false]);
  });

  test('sends nothing once it is closed', async () => {
    const clock = new VirtualClock();
    let sent = 0;
    const pace = new StatisticsPace(() => (sent += 1) > 0, clock);
    pace.noteChange();
    pace.close();
    pace.noteChange();
    await clock.run(1_000);
    assert.equal(sent, 0);
  });
});
