import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { NewEvent } from './ports/events.ts';
import { describeEvent, reportEvent } from './report-event.ts';

const EJECTED: NewEvent = {
  kind: 'ejected',
  endpoint: 'gpu-a',
  from: 'healthy',
  to: 'ejected',
  reason: '5 of the last 8 requests failed (500)',
  by: 'worker-2',
};

describe('describeEvent', () => {
  const rows: readonly [NewEvent, string][] = [
    [EJECTED, 'endpoint gpu-a ejected: 5 of the last 8 requests failed (500)'],
    [
      { ...EJECTED, kind: 'readmitted', from: 'ejected', to: 'healthy', reason: 'a health check passed' },
      'endpoint gpu-a readmitted: a health check passed',
    ],
    [
      { ...EJECTED, kind: 'state', to: 'offline', reason: 'connection refused' },
      'endpoint gpu-a state healthy → offline: connection refused',
    ],
    [
      { ...EJECTED, kind: 'drained', to: 'draining', reason: '', by: 'ann@desk' },
      'endpoint gpu-a drained by ann@desk',
    ],
    [
      { ...EJECTED, kind: 'resumed', from: 'draining', to: 'healthy', reason: '', by: 'ann@desk' },
      'endpoint gpu-a resumed by ann@desk',
    ],
    [
      { kind: 'leader', gateway: 'gw-1', from: null, to: 'agent-1', reason: 'no agent led', by: 'agent-1' },
      'gateway gw-1 leader none → agent-1: no agent led',
    ],
    [
      { kind: 'config', gateway: 'gw-1', from: null, to: 'a1b2', reason: 'loaded at the start', by: 'gw-1' },
      'gateway gw-1 config none → a1b2: loaded at the start',
    ],
    [
      {
        kind: 'gateway',
        gateway: 'gw-2',
        from: 'up',
        to: 'lost',
        reason: 'no heartbeat for 5 s',
        by: 'gw-1',
      },
      'gateway gw-2 up → lost: no heartbeat for 5 s',
    ],
  ];
  for (const [event, line] of rows) {
    test(`describes an event of kind ${event.kind} in one sentence`, () => {
      assert.equal(describeEvent(event), line);
      assert.ok(line.includes(event.kind));
    });
  }
});

describe('reportEvent', () => {
  test('publishes the event and writes one line with the same facts', () => {
    const published: NewEvent[] = [];
    const lines: unknown[][] = [];
    const write = (...line: unknown[]): void => void lines.push(line);
    const log = { debug: assert.fail, info: assert.fail, warn: write };
    reportEvent({ events: { publish: (event) => published.push(event) }, log }, EJECTED, 'warn');
    assert.deepEqual(published, [EJECTED]);
    const { kind, ...facts } = EJECTED;
    assert.deepEqual(lines, [
      ['endpoint gpu-a ejected: 5 of the last 8 requests failed (500)', { event: kind, ...facts }],
    ]);
  });
});

test('has a detail in the line of the log and not in the event', () => {
  const events: NewEvent[] = [];
  const lines: unknown[] = [];
  const log = {
    debug: () => undefined,
    info: () => undefined,
    warn: (message: string, fields: object) => void lines.push([message, fields]),
  };
  const reporter = { events: { publish: (event: NewEvent) => void events.push(event) }, log };
  reportEvent(reporter, EJECTED, 'warn', 'to https://10.0.0.5/');
  assert.deepEqual(events, [EJECTED]);
  const { kind, ...facts } = EJECTED;
  const line = [describeEvent(EJECTED), { event: kind, ...facts, detail: 'to https://10.0.0.5/' }];
  assert.deepEqual(lines, [line]);
});
