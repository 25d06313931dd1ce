import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { jsonResponse, whenComplete } from '@olla/testing/raw-backend';
import { fakeCluster } from '../../testing/fake-cluster.ts';
import { startWithBackends } from '../../testing/gateway-with-backends.ts';
import { SharedMoments } from './shared-moments.ts';

describe('SharedMoments', () => {
  test('simultaneous readers share reads: one read runs and one waits', async (t) => {
    const { deps } = fakeCluster();
    const read = t.mock.method(deps.state.statistics, 'read');
    const moments = new SharedMoments(deps);
    const found = await Promise.all(Array.from({ length: 50 }, () => moments.read()));
    assert.equal(read.mock.callCount(), 2);
    assert.equal(new Set(found).size, 2);
  });

  test('a read that fails fails its own readers only', async () => {
    const cluster = fakeCluster();
    let isBroken = true;
    const endpoints = () => {
      if (isBroken) throw new Error('broken');
      return cluster.deps.endpoints();
    };
    const moments = new SharedMoments({ ...cluster.deps, endpoints });
    const failing = moments.read();
    const waiting = moments.read();
    await assert.rejects(failing, /broken/);
    isBroken = false;
    assert.equal((await waiting).endpoints.length, 3);
    assert.equal((await moments.read()).endpoints.length, 3);
  });

  test('a read has each request that was answered before it, however many others read', async (t) => {
    const { chat, status } = await startWithBackends(t, {
      only: {
        models: ['m'],
        respond: (request) => whenComplete(request, () => request.socket.write(jsonResponse({}))),
      },
    });
    let isOver = false;
    const others = Array.from({ length: 8 }, async () => {
      while (!isOver) await status();
    });
    for (let sent = 1; sent <= 20; sent += 1) {
      await chat('m');
      assert.equal((await status()).system.total_requests, sent);
    }
    isOver = true;
    await Promise.all(others);
  });
});
