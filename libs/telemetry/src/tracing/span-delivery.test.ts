import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ReadableSpan, SpanExporter, SpanProcessor } from '@opentelemetry/sdk-trace';
import { createLogger } from '../logger.ts';
import { SpanDelivery } from './span-delivery.ts';

const span = {} as ReadableSpan;
type Done = Parameters<SpanExporter['export']>[1];

function setUp(maxSpans: number) {
  const lines: { level: string; msg: string; dropped_spans?: number }[] = [];
  const log = createLogger({
    level: 'info',
    format: 'json',
    write: (text) =>
      text
        .trimEnd()
        .split('\n')
        .forEach((line) => lines.push(JSON.parse(line) as (typeof lines)[number])),
  });
  let losses = 0;
  const delivery = new SpanDelivery('http://collector:4318', log, () => (losses += 1));
  const waiting: ReadableSpan[] = [];
  const processor: SpanProcessor = {
    onStart: () => undefined,
    onEnd: (ended) => void waiting.push(ended),
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  };
  const calls: Done[] = [];
  const exporter = delivery.watch({
    export: (_spans, done) => void calls.push(done),
    shutdown: () => Promise.resolve(),
  });
  const bounded = delivery.bound(processor, maxSpans);
  return {
    delivery,
    /** Number of reports of lost spans. */
    losses: () => losses,
    lines,
    log,
    end: (count: number) => {
      for (let i = 0; i < count; i += 1) bounded.onEnd(span);
    },
    /** Exports all queued spans with this result. */
    send: (error?: Error) => {
      exporter.export(waiting.splice(0), () => undefined);
      calls.shift()!(error === undefined ? { code: 0 } : { code: 1, error });
    },
    waiting,
  };
}

describe('SpanDelivery', () => {
  test('drops and counts spans beyond the queue, which has room again after an export', () => {
    const { delivery, end, send, waiting, losses } = setUp(3);
    end(5);
    assert.equal(waiting.length, 3);
    assert.deepEqual([delivery.dropped, losses()], [2, 2]);
    send();
    end(3);
    assert.equal(waiting.length, 3);
    assert.equal(delivery.dropped, 2);
  });

  test('logs the start of an outage with its cause, and its end with the number of lost spans', () => {
    const { delivery, end, send, lines, log } = setUp(10);
    const refused = Object.assign(new Error('connect ECONNREFUSED 10.0.0.1:4318'), { code: 'ECONNREFUSED' });
    end(2);
    send(refused);
    end(3);
    send(refused);
    end(1);
    send();
    end(1);
    send();
    log.flush();
    assert.equal(delivery.dropped, 5);
    assert.deepEqual(
      lines.map(({ level, dropped_spans }) => [level, dropped_spans]),
      [
        ['warn', undefined],
        ['info', 5],
      ],
    );
    assert.match(lines[0]!.msg, /http:\/\/collector:4318 .*ECONNREFUSED 10\.0\.0\.1:4318/);
  });

  test('counts the spans in the queue as lost when it is closed, once', () => {
    const { delivery, end, send } = setUp(10);
    end(4);
    send();
    end(3);
    delivery.close();
    delivery.close();
    assert.equal(delivery.dropped, 3);
  });
});
