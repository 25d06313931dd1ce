import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { outsiderView } from './outsider-view.ts';

describe('outsiderView', () => {
  test('leaves out URLs, process ids, also within instance ids, and what servers sent, and nothing else', () => {
    const body = {
      endpoints: [
        {
          name: 'a',
          url: 'http://10.0.0.5:11434',
          issues: 'invalid response: the header line "X 10.0.0.5" is not valid',
        },
      ],
      cluster: {
        workers: [{ id: 'box-1.lan:4711:0af3c1', pid: 4711, gateway: 'box-1.lan:4700:bbbbbb', in_flight: 0 }],
        agent_leader: null,
      },
      reasons: ['Other endpoints are configured on box-1.lan:4700:bbbbbb, box-2:17:cccccc.'],
      time: '2026-11-30T12:00:00.000Z',
      draining: false,
    };
    assert.deepEqual(outsiderView(body), {
      endpoints: [{ name: 'a', issues: 'invalid response: the header line "…" is not valid' }],
      cluster: {
        workers: [{ id: 'box-1.lan:0af3c1', gateway: 'box-1.lan:bbbbbb', in_flight: 0 }],
        agent_leader: null,
      },
      reasons: ['Other endpoints are configured on box-1.lan:bbbbbb, box-2:cccccc.'],
      time: '2026-11-30T12:00:00.000Z',
      draining: false,
    });
  });
});
