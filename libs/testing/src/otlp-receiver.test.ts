import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { startOtlpReceiver } from './otlp-receiver.ts';

/** One span in OTLP's JSON: ids in hex, whole numbers as text. */
const EXPORT = {
  resourceSpans: [
    {
      resource: { attributes: [{ key: 'service.name', value: { stringValue: 'things' } }] },
      scopeSpans: [
        {
          spans: [
            {
              traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
              spanId: '00f067aa0ba902b7',
              parentSpanId: '00f067aa0ba902b6',
              name: 'POST /things',
              startTimeUnixNano: '1764000060000000000',
              endTimeUnixNano: '1764000061000500000',
              kind: 2,
              attributes: [{ key: 'n', value: { intValue: '7' } }],
              status: { code: 2 },
            },
          ],
        },
      ],
    },
  ],
};

describe('startOtlpReceiver', () => {
  test('JSON is read, gzipped too', async () => {
    const receiver = await startOtlpReceiver();
    const post = (body: string | Buffer<ArrayBuffer>, headers: Record<string, string> = {}) =>
      fetch(`${receiver.url}/v1/traces`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body,
      });
    try {
      assert.equal((await post(JSON.stringify(EXPORT))).status, 200);
      await post(Buffer.from(gzipSync(JSON.stringify(EXPORT))), { 'content-encoding': 'gzip' });
      const expected = {
        traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
        spanId: '00f067aa0ba902b7',
        parentSpanId: '00f067aa0ba902b6',
        traceState: '',
        name: 'POST /things',
        kind: 'server',
        startMs: 1764000060000,
        endMs: 1764000061000.5,
        attributes: { n: 7 },
        events: [],
        status: 'error',
        resource: { 'service.name': 'things' },
      };
      assert.deepEqual(receiver.spans, [expected, expected]);
    } finally {
      await receiver.close();
    }
  });
});
