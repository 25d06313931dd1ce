import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { testInstance } from '../../testing/test-instance.ts';
import { VirtualClock } from '../../testing/virtual-clock.ts';
import type { IpcChannel } from '../channel/ipc-channel.ts';
import { LoadPace } from '../pace/load-pace.ts';
import { isToMember } from '../protocol/messages.ts';
import { LoadSums } from './load-sums.ts';
import { Member } from './member.ts';

/** The promised delay between workers of a host. */
const WITHIN_MS = 5;

/** A worker of a host: its pace, and the last sums that its hub sent. */
class Worker {
  readonly others: Record<string, number> = {};
  readonly member: Member;
  readonly pace: LoadPace;

  constructor(sums: LoadSums, clock: VirtualClock) {
    const channel: IpcChannel = {
      send: (message, callback) => {
        if (isToMember(message) && message.t === 'push' && message.op === 'load.others') {
          Object.assign(this.others, message.body);
        }
        callback?.(null);
        return true;
      },
      on: () => undefined,
      off: () => undefined,
    };
    this.member = new Member(testInstance('worker', 'g1'), channel, () => undefined);
    this.member.subscriptions.add('load.others');
    this.pace = new LoadPace({
      isAlone: () => false,
      send: (changes) => {
        sums.update(this.member, changes);
        return true;
      },
      clock,
    });
  }
}

describe('the sums of the counts in flight', () => {
  test(`reach the other workers within ${WITHIN_MS} ms`, async () => {
    const clock = new VirtualClock();
    const workers: Worker[] = [];
    const sums = new LoadSums(() => workers.map(({ member }) => member), clock);
    for (let i = 0; i < 3; i += 1) workers.push(new Worker(sums, clock));
    const [a, b, c] = workers;
    assert.ok(a !== undefined && b !== undefined && c !== undefined);
    for (let n = 1; n <= 100; n += 1) {
      // Changes come at any time within the intervals.
      await clock.run((n * 7) % 23);
      a.pace.set('e', n);
      await clock.run(n % 3);
      b.pace.set('e', 2 * n);
      await clock.run(WITHIN_MS);
      assert.equal(c.others['e'], 3 * n, `after change ${n}`);
      assert.equal(a.others['e'], 2 * n);
      assert.equal(b.others['e'], n);
    }
  });

  test('include the counts of other hosts, and drop those of workers that leave', async () => {
    const clock = new VirtualClock();
    const workers: Worker[] = [];
    const sums = new LoadSums(() => workers.map(({ member }) => member), clock);
    const [a, b] = [new Worker(sums, clock), new Worker(sums, clock)];
    workers.push(a, b);
    a.pace.set('e', 2);
    sums.updateRemote(new Map([['e', 5]]));
    await clock.run(WITHIN_MS);
    assert.deepEqual([a.others['e'], b.others['e']], [5, 7]);
    assert.deepEqual(sums.own(), { e: 2 });
    sums.remove(a.member);
    sums.updateRemote(new Map());
    await clock.run(WITHIN_MS);
    assert.equal(b.others['e'], 0);
    assert.deepEqual(sums.own(), {});
  });
});
