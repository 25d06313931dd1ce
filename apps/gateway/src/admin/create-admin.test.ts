import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { createProcessReporter } from '@olla/admin-api/process-report';
import { OPERATIONS } from '@olla/admin-api/openapi';
import { errorSchema } from '@olla/admin-api/schema/common';
import type { EventsBody } from '@olla/admin-api/schema/events';
import {
  statusSchema,
  type StatusBody,
  type StatusEndpointsBody,
  type StatusModelsBody,
} from '@olla/admin-api/schema/status';
import { OllaError } from '@olla/core/errors';
import { StateError } from '@olla/state/state-error';
import { errorResponse } from '../request/error-response.ts';
import { createAdmin } from './create-admin.ts';
import {
  eject,
  fakeCluster,
  fakeSnapshot,
  instance,
  NOW,
  reportOf,
  request,
  traffic,
  workerStatistics,
  type FakeCluster,
} from '../../testing/fake-cluster.ts';
import type { AdminResponse } from './respond.ts';

const AUTHORIZED = { authorization: 'Bearer secret-of-the-test' };

function busyCluster(): FakeCluster {
  const cluster = fakeCluster();
  const served = traffic([20, 40, 900], {
    tokensOut: 300,
    bytesIn: 100,
    bytesOut: 2_000,
    firstByteSumMs: 60,
    lastAt: NOW - 5_000,
  });
  const failed = traffic([50], { failures: 1 });
  cluster.reading = {
    workers: [
      reportOf(
        'worker-1',
        workerStatistics({
          total: served,
          endpoints: { 'gpu-a': served },
          models: { shared: served },
          modelEndpoints: { 'shared\u0000gpu-a': served },
          inFlight: { 'gpu-a': 2 },
          connections: 5,
        }),
      ),
      reportOf(
        'worker-dead',
        workerStatistics({ total: failed, endpoints: { 'gpu-b': failed }, inFlight: { 'gpu-b': 9 } }),
        false,
      ),
    ],
    missing: [],
  };
  return cluster;
}

async function ask(
  cluster: FakeCluster,
  method: string,
  target: string,
  headers = {},
): Promise<AdminResponse> {
  try {
    return await createAdmin(cluster.deps).handle(request(method, target, headers));
  } catch (error) {
    if (!(error instanceof OllaError)) throw error;
    const { status, headers: flat, body } = errorResponse(error);
    const pairs = flat.flatMap((name, i): [string, string][] =>
      i % 2 === 0 ? [[name, flat[i + 1] ?? '']] : [],
    );
    return { status, headers: pairs, body };
  }
}

function json<T = Record<string, unknown>>(response: AdminResponse): T {
  return JSON.parse(String(response.body)) as T;
}

function header(response: AdminResponse, name: string): string | undefined {
  return response.headers.find(([key]) => key.toLowerCase() === name)?.[1];
}

test('answers every operation in the form of its schema, before traffic and after', async () => {
  for (const cluster of [fakeCluster(), busyCluster()]) {
    const report = createProcessReporter(cluster.deps.self);
    cluster.replies = { replies: [{ instance: 'worker-1', reply: report.read() }], missing: ['worker-2'] };
    report.stop();
    for (const { method, path, schema } of OPERATIONS) {
      const headers = method === 'post' ? AUTHORIZED : {};
      const response = await ask(cluster, method.toUpperCase(), path.replace('{name}', 'gpu-b'), headers);
      assert.equal(response.status, 200, path);
      const parsed = schema.safeParse(json(response));
      assert.ok(parsed.success, `${method} ${path}: ${parsed.error?.message}`);
    }
  }
});

test('writes no NaN and no infinite number for any counters', async () => {
  const cluster = busyCluster();
  cluster.reading = {
    workers: [reportOf('worker-1', workerStatistics({ total: traffic([], { cancelled: 1, requests: 1 }) }))],
    missing: [],
  };
  const body = json<StatusBody>(await ask(cluster, 'GET', '/internal/status'));
  assert.ok(statusSchema.safeParse(body).success);
  assert.equal(body.system.success_rate, 'N/A');
});

test('counts a finished request once, even of a dead worker, but not its requests in flight', async () => {
  const body = json<StatusBody>(await ask(busyCluster(), 'GET', '/internal/status'));
  assert.equal(body.system.total_requests, 4);
  assert.equal(body.system.total_failures, 1);
  assert.equal(body.system.success_rate, '75%');
  assert.equal(body.system.in_flight, 2);
  const [gpuA, gpuB] = body.endpoints;
  assert.deepEqual(
    [gpuA?.name, gpuA?.requests, gpuA?.success_rate, gpuA?.in_flight],
    ['gpu-a', 3, '100%', 2],
  );
  assert.deepEqual([gpuB?.name, gpuB?.requests, gpuB?.success_rate, gpuB?.in_flight], ['gpu-b', 1, '0%', 0]);
  assert.equal(gpuA?.avg_latency_ms, 320);
});

test('shows rates as N/A and averages as null before traffic', async () => {
  const body = json<StatusBody>(await ask(fakeCluster(), 'GET', '/internal/status'));
  assert.equal(body.system.success_rate, 'N/A');
  assert.equal(body.system.has_traffic, false);
  assert.deepEqual(
    body.endpoints.map((endpoint) => [endpoint.success_rate, endpoint.avg_latency_ms, endpoint.ttft_p95_ms]),
    [
      ['N/A', null, null],
      ['N/A', null, null],
      ['N/A', null, null],
    ],
  );
});

test('keeps an ETag over a health check, and changes it with a state', async () => {
  const cluster = busyCluster();
  const first = await ask(cluster, 'GET', '/internal/status');
  const etag = header(first, 'etag') ?? '';
  assert.match(etag, /^W\/"/);
  cluster.now += 7_000;
  cluster.health = { ...cluster.health, latencyMs: 0.7 };
  const snapshot = cluster.snapshot as NonNullable<typeof cluster.snapshot>;
  cluster.snapshot = {
    ...snapshot,
    version: { token: 7, n: 13 },
    publishedAt: NOW + 6_000,
    endpoints: snapshot.endpoints.map((endpoint) => ({
      ...endpoint,
      checkedAt: NOW + 6_000,
      checkLatencyMs: 9,
    })),
  };
  const same = await ask(cluster, 'GET', '/internal/status', { 'if-none-match': `"other", ${etag}` });
  assert.equal(same.status, 304);
  assert.equal(same.body, '');
  cluster.snapshot = fakeSnapshot(cluster.deps.settings, { 'old box': 'offline' });
  const changed = await ask(cluster, 'GET', '/internal/status', { 'if-none-match': etag });
  assert.equal(changed.status, 200);
});

test('gzips bodies for clients that accept gzip', async () => {
  const cluster = fakeCluster();
  const packed = await ask(cluster, 'GET', '/internal/status', { 'accept-encoding': 'br, gzip;q=0.5' });
  assert.equal(header(packed, 'content-encoding'), 'gzip');
  assert.ok(statusSchema.safeParse(JSON.parse(gunzipSync(packed.body as Buffer).toString())).success);
  for (const refusal of ['gzip;q=0', 'identity', '']) {
    const plain = await ask(cluster, 'GET', '/internal/status', { 'accept-encoding': refusal });
    assert.equal(header(plain, 'content-encoding'), undefined);
  }
});

test('answers 503 at /internal/health only when no endpoint serves', async () => {
  const cluster = fakeCluster();
  const { settings } = cluster.deps;
  cluster.snapshot = fakeSnapshot(settings, { 'gpu-a': 'offline', 'gpu-b': 'unhealthy' });
  assert.equal((await ask(cluster, 'GET', '/internal/health')).status, 200);
  cluster.control = { ...cluster.control, drained: { 'old box': { by: 'me', at: NOW } } };
  assert.equal((await ask(cluster, 'GET', '/internal/health')).status, 503);
  cluster.snapshot = null;
  assert.equal((await ask(cluster, 'GET', '/internal/health')).status, 503);
});

test('answers 503 at ready, and not at live, while draining and before a snapshot', async () => {
  const cluster = fakeCluster();
  assert.equal((await ask(cluster, 'GET', '/internal/health/ready')).status, 200);
  cluster.draining = true;
  assert.deepEqual(json(await ask(cluster, 'GET', '/internal/health/ready')), { status: 'draining' });
  cluster.draining = false;
  cluster.snapshot = null;
  assert.equal((await ask(cluster, 'GET', '/internal/health/ready')).status, 503);
  assert.equal((await ask(cluster, 'GET', '/internal/health/live')).status, 200);
});

test('names the problems of the cluster, without drained endpoints', async () => {
  const cluster = fakeCluster();
  const { settings } = cluster.deps;
  const verdict = async () => {
    const { status, reasons } = json<StatusBody>(await ask(cluster, 'GET', '/internal/status')).system;
    return { status, reasons: reasons.join('\n') };
  };
  assert.deepEqual(await verdict(), { status: 'healthy', reasons: '' });
  cluster.snapshot = fakeSnapshot(settings, { 'old box': 'offline' });
  assert.equal((await verdict()).status, 'degraded');
  assert.match((await verdict()).reasons, /old box is offline: connection refused/);
  cluster.control = { ...cluster.control, drained: { 'old box': { by: 'me', at: NOW } } };
  assert.equal((await verdict()).status, 'healthy');
  cluster.health = { ...cluster.health, connected: false, detail: 'ECONNREFUSED' };
  assert.equal((await verdict()).status, 'degraded');
  assert.match((await verdict()).reasons, /shared state .* became unreachable 1m0s ago: ECONNREFUSED/);
  cluster.snapshot = fakeSnapshot(settings, { 'gpu-a': 'offline', 'gpu-b': 'offline' });
  assert.equal((await verdict()).status, 'critical');
});

describe('the status of an endpoint', () => {
  const rowOf = async (cluster: FakeCluster, name: string) => {
    const status = json<StatusBody>(await ask(cluster, 'GET', '/internal/status'));
    const list = json<StatusEndpointsBody>(await ask(cluster, 'GET', '/internal/status/endpoints'));
    const row = status.endpoints.find((endpoint) => endpoint.name === name);
    const listed = list.endpoints.find((endpoint) => endpoint.name === name);
    assert.ok(row !== undefined && listed !== undefined);
    const { serves, status: word, reason, since, drained } = row;
    assert.deepEqual(
      { serves, status: word, reason, since, drained },
      {
        serves: listed.serves,
        status: listed.status,
        reason: listed.reason,
        since: listed.since,
        drained: listed.drained,
      },
    );
    return {
      serves,
      status: word,
      reason,
      since,
      drained,
      by: row.drained_by,
      up: status.system.endpoints_up,
    };
  };

  test('is ejected, and not healthy, when its requests failed although its checks pass', async () => {
    const cluster = fakeCluster();
    eject(cluster, 'gpu-a');
    assert.deepEqual(await rowOf(cluster, 'gpu-a'), {
      serves: false,
      status: 'ejected',
      reason: 'connection refused',
      since: new Date(NOW).toISOString(),
      drained: false,
      by: null,
      up: '2/3',
    });
    const { status, reasons } = json<StatusBody>(await ask(cluster, 'GET', '/internal/status')).system;
    assert.deepEqual([status, reasons], ['degraded', ['Endpoint gpu-a is ejected: connection refused.']]);
    const models = json<StatusModelsBody>(await ask(cluster, 'GET', '/internal/status/models'));
    assert.deepEqual(
      models.recent_models.map(({ name, routable_on }) => [name, routable_on]),
      [
        ['shared', ['gpu-b']],
        ['only-a', []],
        ['tiny:1b', ['old box']],
      ],
    );
    const health = json(await ask(cluster, 'GET', '/internal/health'));
    assert.deepEqual([health['endpoints_routable'], health['endpoints_total']], [2, 3]);
  });

  test('is draining, with the operator as the reason, when it is drained', async () => {
    const cluster = fakeCluster();
    cluster.control = { ...cluster.control, drained: { 'gpu-a': { by: 'ann@desk', at: NOW - 4_000 } } };
    assert.deepEqual(await rowOf(cluster, 'gpu-a'), {
      serves: false,
      status: 'draining',
      reason: 'drained by ann@desk',
      since: new Date(NOW - 4_000).toISOString(),
      drained: true,
      by: 'ann@desk',
      up: '2/3',
    });
  });

  test('is unknown before the first snapshot', async () => {
    const cluster = fakeCluster();
    cluster.snapshot = null;
    const { serves, status, since } = await rowOf(cluster, 'gpu-a');
    assert.deepEqual([serves, status, since], [false, 'unknown', null]);
  });
});

test('shows differing configurations, the leader and processes that do not reply', async () => {
  const cluster = fakeCluster();
  cluster.instances.push({ ...instance('primary', 5), id: 'primary-5', configHash: 'bbbb' });
  cluster.reading = { workers: [], missing: ['worker-2'] };
  const { cluster: body } = json<StatusBody>(await ask(cluster, 'GET', '/internal/status'));
  assert.deepEqual(body.config_differs, ['primary-5']);
  assert.equal(body.agent_leader, 'agent-9');
  assert.deepEqual(body.missing, ['worker-2']);
  assert.deepEqual(
    body.gateways.map(({ id, workers }) => [id, workers]),
    [
      ['primary-0', 2],
      ['primary-5', 0],
    ],
  );
});

test('answers reads while the shared state is unreachable, and names the missing processes', async () => {
  const cluster = busyCluster();
  cluster.failure = new StateError('STATE_UNAVAILABLE', 'connection refused');
  cluster.health = { ...cluster.health, connected: false };
  const status = json<StatusBody>(await ask(cluster, 'GET', '/internal/status'));
  assert.deepEqual(status.cluster.missing, ['statistics', 'instances']);
  assert.equal(status.limits.fallback_active, true);
  assert.equal((await ask(cluster, 'GET', '/internal/process')).status, 200);
  const events = await ask(cluster, 'GET', '/internal/events');
  assert.deepEqual([events.status, header(events, 'retry-after')], [503, '1']);
  const drain = await ask(cluster, 'POST', '/internal/endpoints/gpu-b/drain', AUTHORIZED);
  assert.equal(drain.status, 503);
  assert.equal(header(drain, 'retry-after'), '1');
});

test('answers 401 to actions without the admin token', async () => {
  const cluster = fakeCluster();
  for (const authorization of [undefined, 'Bearer wrong', 'Basic secret-of-the-test', 'Bearer ']) {
    const response = await ask(cluster, 'POST', '/internal/endpoints/gpu-b/drain', { authorization });
    assert.equal(response.status, 401);
    assert.ok(errorSchema.safeParse(json(response)).success);
    assert.match(header(response, 'www-authenticate') ?? '', /^Bearer/);
  }
  assert.deepEqual(cluster.control.drained, {});
  const locked = { ...cluster, deps: { ...cluster.deps, adminToken: null } };
  assert.equal((await ask(locked, 'POST', '/internal/refresh', AUTHORIZED)).status, 401);
});

test('drains and resumes once, with one event and one line each, and reports the number of open streams', async () => {
  const cluster = busyCluster();
  const headers = { ...AUTHORIZED, 'x-olla-actor': 'ann@desk' };
  const drained = json(await ask(cluster, 'POST', '/internal/endpoints/gpu-b/drain', headers));
  assert.deepEqual(drained, {
    endpoint: 'gpu-b',
    action: 'drain',
    changed: true,
    drained: true,
    revision: 4,
    streams_left: 0,
    models_lost: [],
  });
  assert.equal(cluster.control.drained['gpu-b']?.by, 'ann@desk (127.0.0.1)');
  const again = json(await ask(cluster, 'POST', '/internal/endpoints/gpu-b/drain', headers));
  assert.deepEqual([again['changed'], again['revision']], [false, 4]);
  assert.equal(
    json(await ask(cluster, 'POST', '/internal/endpoints/gpu-b/resume', headers))['drained'],
    false,
  );
  const by = 'ann@desk (127.0.0.1)';
  const expected = [
    { kind: 'drained', endpoint: 'gpu-b', from: 'healthy', to: 'draining', reason: '', by },
    { kind: 'resumed', endpoint: 'gpu-b', from: 'draining', to: 'healthy', reason: '', by },
  ];
  const time = new Date(cluster.now).toISOString();
  const { events } = json<EventsBody>(await ask(cluster, 'GET', '/internal/events'));
  assert.deepEqual(
    events,
    expected.map((event) => ({ time, ...event })),
  );
  assert.deepEqual(cluster.lines, [`endpoint gpu-b drained by ${by}`, `endpoint gpu-b resumed by ${by}`]);
});

test('refuses to drain the last host of a model without force', async () => {
  const cluster = busyCluster();
  const refused = await ask(cluster, 'POST', '/internal/endpoints/gpu-a/drain', AUTHORIZED);
  assert.equal(refused.status, 409);
  assert.match(String(refused.body), /only-a/);
  assert.doesNotMatch(String(refused.body), /shared/);
  const forced = json(await ask(cluster, 'POST', '/internal/endpoints/gpu-a/drain?force=true', AUTHORIZED));
  assert.deepEqual([forced['models_lost'], forced['streams_left']], [['only-a'], 2]);
  // Now gpu-b is the last one that has the shared model.
  assert.equal((await ask(cluster, 'POST', '/internal/endpoints/gpu-b/drain', AUTHORIZED)).status, 409);
});

test('decodes endpoint names of the path, and answers 404 to unknown ones', async () => {
  const cluster = fakeCluster();
  const spaced = await ask(cluster, 'POST', '/internal/endpoints/old%20box/drain?force=true', AUTHORIZED);
  assert.equal(spaced.status, 200);
  for (const name of ['unknown', '%ff', '__proto__']) {
    assert.equal(
      (await ask(cluster, 'POST', `/internal/endpoints/${name}/drain`, AUTHORIZED)).status,
      404,
      name,
    );
  }
});

test('answers 405 with Allow to a method that the path does not have', async () => {
  const cluster = fakeCluster();
  const wrong = await ask(cluster, 'DELETE', '/internal/status');
  assert.deepEqual([wrong.status, header(wrong, 'allow')], [405, 'GET, HEAD, OPTIONS']);
  assert.equal(header(await ask(cluster, 'GET', '/internal/refresh'), 'allow'), 'POST, OPTIONS');
  assert.equal((await ask(cluster, 'GET', '/internal/nothing')).status, 404);
});

test('counts refreshes', async () => {
  const cluster = fakeCluster();
  assert.equal(json(await ask(cluster, 'POST', '/internal/refresh', AUTHORIZED))['refresh'], 1);
});
