import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RequestTrace } from './request-trace.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';
const CONTINUED = { traceId: TRACE, parentSpanId: SPAN, traceState: 'a=1', sampled: true, otherFlags: 0 };
const FROM_CLIENT = [
  'Host',
  'x',
  'Traceparent',
  `00-${TRACE}-${SPAN}-01`,
  'tracestate',
  'a=1',
  'Accept',
  '*/*',
];

describe('RequestTrace', () => {
  test("replaces the caller's traceparent by one with the span of each attempt", () => {
    const trace = new RequestTrace(CONTINUED);
    const [first, second] = [[...FROM_CLIENT], [...FROM_CLIENT]];
    const attempts = [trace.startAttempt(first), trace.startAttempt(second)];
    assert.deepEqual(trace.attempts, attempts);
    assert.notEqual(attempts[0]!.spanId, attempts[1]!.spanId);
    const expected = (spanId: string): string[] => [
      ...['Host', 'x', 'tracestate', 'a=1', 'Accept', '*/*'],
      ...['traceparent', `00-${TRACE}-${spanId}-01`],
    ];
    assert.deepEqual(first, expected(attempts[0]!.spanId));
    assert.deepEqual(second, expected(attempts[1]!.spanId));
  });

  test('drops an invalid traceparent together with its tracestate', () => {
    const trace = new RequestTrace({ ...CONTINUED, parentSpanId: null, traceState: null });
    const headers = ['traceparent', 'nonsense', 'Traceparent', 'more', 'TraceState', 'a=1', 'Accept', '*/*'];
    const attempt = trace.startAttempt(headers);
    assert.deepEqual(headers, ['Accept', '*/*', 'traceparent', `00-${TRACE}-${attempt!.spanId}-01`]);
  });

  test('sends the decision against sampling and the random flag, and records no attempt', () => {
    const trace = new RequestTrace({ ...CONTINUED, sampled: false, otherFlags: 2 });
    const headers: string[] = [];
    assert.equal(trace.startAttempt(headers), null);
    assert.deepEqual(trace.attempts, []);
    assert.match(headers[1]!, new RegExp(`^00-${TRACE}-[0-9a-f]{16}-02$`));
  });
});
