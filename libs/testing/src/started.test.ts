import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Started } from './started.ts';

describe('the things that a suite has started', () => {
  test('are stopped once, the last one first, each before the next', async () => {
    const stopped: string[] = [];
    const started = new Started();
    started.add({ stop: () => Promise.resolve().then(() => stopped.push('backend')) });
    started.add({ close: () => stopped.push('gateway') });
    started.onStop(() => stopped.push('proxy'));
    await started.stop();
    await started.stop();
    assert.deepEqual(stopped, ['proxy', 'gateway', 'backend']);
  });

  test('are not stopped if a test has ended them', async () => {
    const stopped: string[] = [];
    const started = new Started();
    const killed = started.add({ stop: () => stopped.push('killed gateway') });
    started.add({ stop: () => stopped.push('gateway') });
    started.remove(killed);
    await started.stop();
    assert.deepEqual(stopped, ['gateway']);
  });

  test('are all stopped if one of them fails to stop, and the failure is reported', async () => {
    const stopped: string[] = [];
    const started = new Started();
    started.add({ close: () => stopped.push('backend') });
    started.add({ stop: () => Promise.reject(new Error('the gateway hangs')) });
    await assert.rejects(started.stop(), /the gateway hangs/);
    assert.deepEqual(stopped, ['backend']);
  });
});
