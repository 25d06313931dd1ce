import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { toEndpointLoad } from './signal-readings.ts';

describe('toEndpointLoad', () => {
  test('takes the figures of the reading and sets the others to null', () => {
    assert.deepEqual(toEndpointLoad({ running: 2 }, 7), {
      slots: null,
      running: 2,
      queued: null,
      kvUsage: null,
      at: 7,
    });
  });

  test('is null when the reading has no figure of load', () => {
    assert.equal(toEndpointLoad({ serverVersion: '1' }, 7), null);
  });
});
