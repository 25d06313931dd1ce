import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startInProcess } from '../../testing/in-process-gateway.ts';
import { sendRaw } from '@olla/testing/raw-http';
import { requestBytes } from '@olla/testing/request-bytes';
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
