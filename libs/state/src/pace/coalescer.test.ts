import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { VirtualClock } from '../../testing/virtual-clock.ts';
import { Coalescer } from './coalescer.ts';

describe('a coalescer', () => {
  test('runs at once after a pause, and once in its interval when it is triggered often', async () => {
    const clock = new VirtualClock();
    const runs: number[] = [];
    const startMs = clock.nowMs();
    const coalescer = new Coalescer(50, () => runs.push(clock.nowMs() - startMs), clock);
    for (let ms = 0; ms < 120; ms += 10) {
      coalescer.trigger();
      await clock.run(10);
    }
    assert.deepEqual(runs, [0, 50, 100]);
    await clock.run(1_000);
    assert.deepEqual(runs, [0, 50, 100, 150]);
    coalescer.trigger();
    assert.equal(runs.length, 5);
  });

  test('does not run once it is stopped', async () => {
    const clock = new VirtualClock();
    let runs = 0;
    const coalescer = new Coalescer(50, () => (runs += 1), clock);
    coalescer.trigger();
    coalescer.trigger();
    coalescer.stop();
    await clock.run(1_000);
    assert.equal(runs, 1);
  });
});
