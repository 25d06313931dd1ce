import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { profileOf } from '@olla/backends/table';
import { settingsSchema } from '@olla/config/schema';
import { startServer } from '../testing/run-test-agent.ts';
import { EndpointClient } from './endpoint-client.ts';
import { SignalReadings, toEndpointLoad } from './signal-readings.ts';

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

describe('readDue', () => {
  test('leaves out paths that keep a server awake while it has no requests, and reads them again afterwards', async (t) => {
    const server = await startServer(t, {
      '/props': { total_slots: 4, is_sleeping: true },
      '/slots': [{ is_processing: false }],
      '/metrics': 404,
    });
    const settings = settingsSchema.parse({
      discovery: { static: { endpoints: [{ name: 'l', type: 'llamacpp', url: server.url }] } },
    });
    const [endpoint = assert.fail()] = settings.discovery.static.endpoints;
    const client = new EndpointClient(endpoint, 'test');
    t.after(() => client.close());
    const readings = new SignalReadings();
    let clock = 1_000_000;
    const options = { timeoutMs: 5_000, now: () => clock };
    const paths = async (isIdle: boolean): Promise<string[]> => {
      const before = server.seen.length;
      await readings.readDue(client, profileOf('llamacpp'), { ...options, isIdle });
      return server.seen
        .slice(before)
        .map((seen) => seen.slice('GET '.length))
        .sort();
    };
    assert.deepEqual(await paths(false), ['/metrics', '/props', '/slots']);
    for (let i = 0; i < 5; i += 1) {
      clock += 60_000;
      assert.deepEqual(await paths(true), ['/props']);
      assert.equal(readings.merged(clock)?.reading.sleeping, true);
    }
    clock += 1;
    assert.deepEqual(await paths(false), ['/metrics', '/slots']);
  });
});
