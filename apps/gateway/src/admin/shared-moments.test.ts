import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jsonResponse, whenComplete } from '@olla/testing/raw-backend';
import { sendRaw } from '@olla/testing/raw-http';
import { requestBytes } from '@olla/testing/request-bytes';
import { startWithBackends } from '../../testing/gateway-with-backends.ts';
import { startInProcess } from '../../testing/in-process-gateway.ts';
import { StatisticsRecorder } from '../observe/statistics-recorder.ts';

test('readers that come at once share what is read: at most one read runs and one waits', async (t) => {
  const gateway = await startInProcess({ endpoints: [] });
  t.after(() => gateway.stop());
  const report = t.mock.method(StatisticsRecorder.prototype, 'report');
  const read = (): Promise<{ status: number }> =>
    sendRaw(gateway.port, requestBytes('GET', '/internal/status'));
  const readers = await Promise.all(Array.from({ length: 50 }, read));
  assert.ok(readers.every(({ status }) => status === 200));
  assert.ok(report.mock.callCount() < 25, `${report.mock.callCount()} reports for 50 readers`);
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
