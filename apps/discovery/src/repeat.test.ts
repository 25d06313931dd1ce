import assert from 'node:assert/strict';
import { describe, mock, test } from 'node:test';
import { repeat } from './repeat.ts';

/** Lets the promises of a run settle. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('repeat', () => {
  test('runs again after the delay that a run returns, and after a run that rejects, until it is stopped', async (t) => {
    mock.timers.enable({ apis: ['setTimeout', 'Date'] });
    t.after(() => mock.timers.reset());
    const errors: unknown[] = [];
    let runs = 0;
    const repeater = repeat(
      () => {
        runs += 1;
        return runs === 2 ? Promise.reject(new Error('odd')) : Promise.resolve(500);
      },
      (error) => errors.push(error),
    );
    mock.timers.tick(0);
    await turn();
    assert.equal(runs, 1);
    assert.equal(repeater.nextAt(), Date.now() + 500);
    mock.timers.tick(500);
    await turn();
    assert.equal(runs, 2);
    assert.equal(errors.length, 1);
    mock.timers.tick(1_000);
    await turn();
    assert.equal(runs, 3);
    repeater.stop();
    mock.timers.tick(10_000);
    await turn();
    assert.equal(runs, 3);
  });

  test('never runs twice at once, and runs once more when it is triggered during a run', async (t) => {
    mock.timers.enable({ apis: ['setTimeout', 'Date'] });
    t.after(() => mock.timers.reset());
    const ends: (() => void)[] = [];
    const repeater = repeat(
      () => new Promise((resolve) => ends.push(() => resolve(60_000))),
      () => undefined,
    );
    mock.timers.tick(0);
    repeater.trigger();
    repeater.trigger();
    mock.timers.tick(1_000);
    assert.equal(ends.length, 1);
    ends[0]?.();
    await turn();
    mock.timers.tick(0);
    assert.equal(ends.length, 2);
    ends[1]?.();
    await turn();
    mock.timers.tick(59_000);
    assert.equal(ends.length, 2);
    repeater.stop();
  });
});
