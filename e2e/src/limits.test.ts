import assert from 'node:assert/strict';
import { Agent, request as httpRequest } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Gateway } from '@olla/testing/olla-process';
import { startRawBackend, type RawBackend } from '@olla/testing/raw-backend';
import { Started } from '@olla/testing/started';
import { waitFor } from '@olla/testing/wait-for';
import { endpointConfig, startGatewayFor } from './start-gateway-for.ts';

const MODEL = 'limited';
/** Tokens that may stay unused: two workers may hold one each, and the client's clock may be wrong by one. */
const MOST_UNUSED = 3;

interface Outcome {
  readonly status: number;
  /** When the request was sent and when its response was complete. The decision was made between these times. */
  readonly sentMs: number;
  readonly doneMs: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

interface SendOptions {
  readonly from?: string;
  readonly path?: string;
  readonly agent?: Agent;
  readonly headers?: Record<string, string>;
}

function send(gateway: Gateway, options: SendOptions = {}): Promise<Outcome> {
  const { from = '127.0.0.1', path = '/olla/proxy/v1/files', agent, headers = {} } = options;
  const sentMs = performance.now();
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      {
        host: '127.0.0.1',
        port: gateway.port,
        path,
        headers,
        localAddress: from,
        ...(agent === undefined ? { agent: false } : { agent }),
      },
      (response) => {
        response.resume();
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            sentMs,
            doneMs: performance.now(),
            headers: response.headers,
          }),
        );
      },
    );
    request.on('error', reject);
    request.end();
  });
}

/** Sends requests at a fixed rate for some time, on eight kept connections for each address. */
async function drive(
  gateway: Gateway,
  addresses: readonly string[],
  perSecond: number,
  forMs: number,
): Promise<Map<string, Outcome[]>> {
  const agents = new Map(
    addresses.map((from) => [from, new Agent({ keepAlive: true, maxSockets: 8, localAddress: from })]),
  );
  const pending = new Map<string, Promise<Outcome>[]>(addresses.map((from) => [from, []]));
  const startedMs = performance.now();
  let sent = 0;
  for (let nowMs = 0; nowMs < forMs; nowMs = performance.now() - startedMs) {
    for (; sent < (nowMs / 1000) * perSecond; sent += 1) {
      const from = addresses[sent % addresses.length] as string;
      pending.get(from)?.push(send(gateway, { from, agent: agents.get(from) as Agent }));
    }
    await delay(4);
  }
  const outcomes = new Map<string, Outcome[]>();
  for (const [from, promises] of pending) outcomes.set(from, await Promise.all(promises));
  for (const agent of agents.values()) agent.destroy();
  return outcomes;
}

/** Asserts that no window admits more than rate × time + burst. Returns the difference in the closest window. */
function assertNeverAbove(outcomes: readonly Outcome[], perSecond: number, burst: number): number {
  const admitted = outcomes.filter(({ status }) => status === 200).sort((a, b) => a.sentMs - b.sentMs);
  let closest = -Infinity;
  for (const [first, { sentMs }] of admitted.entries()) {
    // A request that was sent and answered within the window was admitted within it.
    const within = admitted
      .slice(first)
      .map(({ doneMs }) => doneMs)
      .sort((a, b) => a - b);
    for (const [i, endMs] of within.entries()) {
      const allowed = burst + (perSecond * (endMs - sentMs)) / 1000;
      closest = Math.max(closest, i + 1 - allowed);
      assert.ok(i + 1 <= allowed, `${i + 1} admitted within ${endMs - sentMs} ms; ${allowed} are allowed`);
    }
  }
  return closest;
}

/** The requests that one bucket would admit at the times of sending, or of the responses, beyond those admitted. */
function unusedOf(outcomes: readonly Outcome[], perSecond: number, burst: number): number {
  const admitted = outcomes.filter(({ status }) => status === 200).length;
  const ideal = (['sentMs', 'doneMs'] as const).map((key) =>
    admittedByOneBucket(
      outcomes.map((outcome) => outcome[key]).sort((a, b) => a - b),
      perSecond,
      burst,
    ),
  );
  return Math.min(...ideal) - admitted;
}

function admittedByOneBucket(timesMs: readonly number[], perSecond: number, burst: number): number {
  let level = burst;
  let lastMs = timesMs[0] as number;
  let admitted = 0;
  for (const atMs of timesMs) {
    level = Math.min(burst, level + ((atMs - lastMs) / 1000) * perSecond);
    lastMs = atMs;
    if (level < 1) continue;
    level -= 1;
    admitted += 1;
  }
  return admitted;
}

function assertResponses(outcomes: readonly Outcome[], limit: number): void {
  for (const { status, headers } of outcomes) {
    assert.ok(status === 200 || status === 429, String(status));
    assert.equal(headers['x-ratelimit-limit'], String(limit));
    assert.match(String(headers['x-ratelimit-remaining']), /^\d+$/);
    assert.match(String(headers['x-ratelimit-reset']), /^\d{10}$/);
    assert.match(String(headers['ratelimit-policy']), /^"(global|per_ip)";q=\d+;w=60$/);
    assert.match(String(headers['ratelimit']), /^"(global|per_ip)";r=\d+;t=\d+$/);
    if (status === 429) assert.match(String(headers['retry-after']), /^[1-9]\d*$/);
    else assert.equal(headers['retry-after'], undefined);
  }
}

describe('limits of four workers together', () => {
  let backend: RawBackend;
  const started = new Started();
  before(async () => {
    backend = started.add(await startRawBackend({ models: [MODEL] }));
  });
  after(() => started.stop());

  async function limitedGateway(rate_limits: object): Promise<Gateway> {
    const gateway = await startGatewayFor({
      endpoints: [endpointConfig('only', backend)],
      workers: 4,
      config: { server: { rate_limits: { health_requests_per_minute: 0, ...rate_limits } } },
    });
    await waitFor(async () => (await send(gateway, { path: '/internal/health' })).status === 200, {
      describe: 'the endpoint to serve',
    });
    return gateway;
  }

  test('admits rate × time + burst in every window, and no fewer, for an address at three times its limit', async (t) => {
    const burst = 30;
    const gateway = await limitedGateway({
      global_requests_per_minute: 0,
      per_ip_requests_per_minute: 6_000,
      burst_size: burst,
    });
    const outcomes = (await drive(gateway, ['127.0.0.1'], 300, 3_000)).get('127.0.0.1') as Outcome[];
    await gateway.stop();
    assertResponses(outcomes, 6_000);
    const closest = assertNeverAbove(outcomes, 100, burst);
    const unused = unusedOf(outcomes, 100, burst);
    t.diagnostic(`${outcomes.length} sent, ${unused} tokens unused; closest window ${closest.toFixed(1)}`);
    assert.ok(unused <= MOST_UNUSED, `${unused} tokens were not used`);
  });

  test('holds the global limit and that of each address in every window', async (t) => {
    const burst = 30;
    const gateway = await limitedGateway({
      global_requests_per_minute: 6_000,
      per_ip_requests_per_minute: 2_400,
      burst_size: burst,
    });
    const addresses = [2, 3, 4, 5, 6].map((n) => `127.0.0.${n}`);
    const outcomes = await drive(gateway, addresses, 250, 3_000);
    await gateway.stop();
    const all = [...outcomes.values()].flat();
    const closest = assertNeverAbove(all, 100, burst);
    for (const each of outcomes.values()) assertNeverAbove(each, 40, burst);
    const unused = unusedOf(all, 100, burst);
    t.diagnostic(`${all.length} sent, ${unused} tokens unused; closest window ${closest.toFixed(1)}`);
    assert.ok(unused <= MOST_UNUSED, `${unused} tokens were not used`);
  });
});
