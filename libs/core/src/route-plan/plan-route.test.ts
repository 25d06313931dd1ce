import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { BackendType } from '../backend-type.ts';
import type { EndpointState } from '../snapshot.ts';
import { grantProbe } from './breaker.ts';
import {
  ALL,
  request,
  breakerOf,
  eject,
  endpointSnapshot,
  fleet,
  modelOf,
  names,
  routed,
  STRICT,
  three,
  VLLM,
  type Spec,
} from '../../testing/fleet-fixture.ts';
import { FleetLive } from './fleet-live.ts';
import { buildFleetView } from './fleet-view.ts';
import { planRoute, type RoutePolicy } from './plan-route.ts';

test('routes a model to the endpoints that have it, under the name that each has for it', () => {
  const view = fleet([
    { name: 'a', models: { 'llama3:8b': 'llama3:8b' } },
    { name: 'b', type: 'vllm', models: { 'llama3:8b': 'meta/Llama-3-8B' } },
    { name: 'c', models: { other: 'other' } },
  ]);
  const plan = routed(planRoute(view, request('llama3:8b'), STRICT));
  const found = plan.candidates.map(({ endpoint, model, rewrite }) => [endpoint.name, model, rewrite]);
  assert.deepEqual(found.sort(), [
    ['a', 'llama3:8b', false],
    ['b', 'meta/Llama-3-8B', true],
  ]);
  assert.deepEqual(plan.facts, { strategy: 'strict', decision: 'routed', reason: 'model_found' });
  assert.deepEqual(names(planRoute(view, request('meta/Llama-3-8B', VLLM), STRICT)), ['b']);
});

test('refuses an unknown model as not found, and a known one without a serving endpoint as unavailable', () => {
  const view = fleet([
    { name: 'a', state: 'offline', models: { m: 'm' } },
    { name: 'b', drained: true, models: { m: 'm' } },
    { name: 'c', models: { n: 'n' } },
  ]);
  const unknown = planRoute(view, request('x'), STRICT);
  assert.deepEqual(
    [unknown.kind, unknown.kind === 'refused' && unknown.code],
    ['refused', 'MODEL_NOT_FOUND'],
  );
  assert.equal(unknown.facts?.reason, 'model_not_found');
  const away = planRoute(view, request('m'), STRICT);
  assert.ok(away.kind === 'refused');
  assert.equal(away.code, 'MODEL_UNAVAILABLE');
  assert.equal(away.facts?.decision, 'rejected');
  assert.match(away.message, /"m".*a is offline \(connection refused\), b is draining\. /);
});

test('stays within the type of a provider route, whatever happens', () => {
  const view = fleet([
    { name: 'o', models: { m: 'm' } },
    { name: 'v', type: 'vllm', state: 'offline', models: { n: 'n' } },
  ]);
  const elsewhere = planRoute(view, request('m', VLLM), STRICT);
  assert.ok(elsewhere.kind === 'refused' && elsewhere.code === 'MODEL_UNAVAILABLE');
  assert.match(elsewhere.message, /o \(ollama\)/);
  const none = planRoute(view, request(null, VLLM), STRICT);
  assert.ok(none.kind === 'refused' && none.code === 'NO_ENDPOINT');
  assert.equal(none.facts, null);
  const optimistic = planRoute(view, request('m', VLLM), {
    ...STRICT,
    strategy: 'optimistic',
    fallback: 'all',
  });
  assert.ok(optimistic.kind === 'refused');
});

test('does not call a model unknown before any endpoint was listed', () => {
  const view = fleet([{ name: 'a', state: 'unknown', listed: false }]);
  const plan = planRoute(view, request('m'), STRICT);
  assert.ok(plan.kind === 'refused' && plan.code === 'NO_ENDPOINT');
  assert.match(plan.message, /is in service: a is unknown\. /);
});

test('says that nothing was listed, and not that nothing is in service, when the endpoints serve', () => {
  const view = fleet([
    { name: 'a', listed: false },
    { name: 'b', listed: false, state: 'offline' },
  ]);
  const plan = planRoute(view, request('m'), STRICT);
  assert.ok(plan.kind === 'refused' && plan.code === 'NO_ENDPOINT');
  assert.match(plan.message, /has listed its models yet: a is healthy, b is offline/);
});

test('follows the routing strategy for a model that is unknown or away', () => {
  const view = fleet([
    { name: 'a', models: { n: 'n' } },
    { name: 'b', state: 'offline', models: { m: 'm' } },
  ]);
  const with_ = (
    strategy: RoutePolicy['strategy'],
    fallback: RoutePolicy['fallback'],
    refreshOnMiss = false,
  ) => ({
    ...STRICT,
    strategy,
    fallback,
    refreshOnMiss,
  });
  const optimistic = routed(planRoute(view, request('x'), with_('optimistic', 'all')));
  assert.deepEqual(optimistic.facts, {
    strategy: 'optimistic',
    decision: 'fallback',
    reason: 'model_not_found_fallback',
  });
  assert.deepEqual(
    optimistic.candidates.map(({ rewrite }) => rewrite),
    [false],
  );
  assert.equal(
    planRoute(view, request('m'), with_('optimistic', 'all')).facts?.reason,
    'model_unavailable_fallback',
  );
  for (const fallback of ['compatible_only', 'none'] as const) {
    assert.equal(planRoute(view, request('x'), with_('optimistic', fallback)).kind, 'refused');
  }
  assert.equal(
    planRoute(view, request('n'), with_('discovery', 'all')).facts?.reason,
    'model_found_no_refresh',
  );
  assert.equal(
    planRoute(view, request('m'), with_('discovery', 'all')).facts?.reason,
    'model_unavailable_no_refresh',
  );
  const first = planRoute(view, request('x'), with_('discovery', 'all', true));
  assert.ok(first.kind === 'refused' && first.refreshFirst);
  const second = planRoute(view, { ...request('x'), refreshed: true }, with_('discovery', 'none', true));
  assert.ok(second.kind === 'refused' && !second.refreshFirst);
});

test('tries the models of an alias in their order, each endpoint once', () => {
  const specs: Spec[] = [
    { name: 'a', models: { small: 'small-a' } },
    { name: 'b', models: { big: 'big-b', small: 'small-b' } },
    { name: 'c', models: { big: 'big-c' }, state: 'offline' },
  ];
  const aliases = { chat: ['big', 'small'], ghost: ['nobody'], a: ['ghost'] };
  const plan = routed(planRoute(fleet(specs, aliases), request('chat'), STRICT));
  assert.deepEqual(
    plan.candidates.map(({ endpoint, model, rewrite }) => [endpoint.name, model, rewrite]),
    [
      ['b', 'big-b', true],
      ['a', 'small-a', true],
    ],
  );
  assert.deepEqual(plan.facts, {
    strategy: 'alias',
    decision: 'routed',
    reason: 'alias "chat" resolved to 2 endpoint(s)',
  });
  const ghost = planRoute(fleet(specs, aliases), request('ghost'), STRICT);
  assert.deepEqual([ghost.facts?.strategy, ghost.facts?.reason], ['strict', 'model_not_found']);
});

test('a candidate carries the id of its model in the catalog, by whatever name the model was asked for', () => {
  const specs: Spec[] = [
    { name: 'a', models: { small: 'small-a' } },
    { name: 'b', models: { big: 'big-b' }, state: 'offline' },
  ];
  const view = fleet(specs, { chat: ['big', 'small'] });
  const ids = (model: string | null) =>
    routed(planRoute(view, request(model), STRICT)).candidates.map(({ modelId }) => modelId);
  assert.deepEqual(ids('small'), ['small']);
  assert.deepEqual(ids('chat'), ['small']);
  assert.deepEqual(ids(null), [null]);
  assert.equal(view.target(ALL, 'chat')?.modelId, 'big');
  assert.equal(view.target(ALL, 'small')?.modelId, 'small');
});

test('leaves ejected endpoints out unless all are ejected, and then tries the least bad first', () => {
  const view = fleet(three);
  eject(view, 'a', 1_000);
  assert.deepEqual(names(planRoute(view, request('m'), STRICT)).sort(), ['b', 'c']);
  eject(view, 'b', 2_000);
  eject(view, 'c', 3_000);
  const last = routed(planRoute(view, request('m'), STRICT));
  assert.equal(last.lastResort, true);
  assert.deepEqual(names(last), ['a', 'b', 'c']);
  grantProbe(breakerOf(view, 'c'), 60_000);
  assert.deepEqual(names(planRoute(view, request('m'), STRICT)), ['c']);
});

test('sends the next request to an endpoint with a probe permit, unless the client names another', () => {
  const view = fleet(three);
  eject(view, 'c', 1_000);
  grantProbe(breakerOf(view, 'c'), 60_000);
  assert.equal(names(planRoute(view, request('m'), STRICT))[0], 'c');
  assert.equal(names(planRoute(view, { ...request('m'), preferred: 'b' }, STRICT))[0], 'b');
});

test('does not take the state of an endpoint of the same name with another URL', () => {
  const live = new FleetLive(0);
  const specs: Spec[] = [{ name: 'a', models: { m: 'm' } }];
  const seen = endpointSnapshot({ name: 'a' });
  const view = buildFleetView({
    snapshot: {
      version: { token: 1, n: 1 },
      publishedAt: 0,
      agent: 'x',
      endpoints: [{ ...seen, key: 'a#other' }],
      catalog: { revision: 1, models: [] },
    },
    endpoints: [{ name: 'a', key: 'a#mine', type: 'auto', priority: 1, weight: null }],
    control: { drained: {} },
    models: { find: () => modelOf(specs, 'm') },
    live,
    concurrencyOf: () => 1,
    aliases: {},
  });
  assert.deepEqual(view.endpoints[0]?.status, {
    serves: false,
    status: 'unknown',
    reason: 'not checked yet',
    since: null,
  });
  assert.equal(planRoute(view, request('m'), STRICT).kind, 'refused');
});

const spec = fc.record({
  type: fc.constantFrom<BackendType>('ollama', 'vllm'),
  state: fc.constantFrom<EndpointState>(
    'healthy',
    'healthy',
    'busy',
    'warming',
    'offline',
    'unknown',
    'rate_limited',
  ),
  hasModel: fc.boolean(),
  resident: fc.constantFrom(true, false, null),
  drained: fc.boolean(),
  ejected: fc.boolean(),
  priority: fc.constantFrom(0, 100),
  weight: fc.constantFrom(1, 2, null),
  inFlight: fc.nat(5),
});

test('plans only endpoints of the route that serve, each once, and ejected ones only when there are no others', () => {
  fc.assert(
    fc.property(
      fc.array(spec, { maxLength: 6 }),
      fc.constantFrom<RoutePolicy['balancer']>('least-connections', 'priority', 'round-robin'),
      fc.constantFrom<RoutePolicy['strategy']>('strict', 'optimistic', 'discovery'),
      fc.constantFrom(ALL, VLLM),
      fc.constantFrom('m', 'chain', null),
      (drawn, balancer, strategy, scope, model) => {
        const specs = drawn.map((one, i) => ({
          ...one,
          name: `e${String(i)}`,
          models: one.hasModel ? { m: `m${String(i)}` } : {},
        }));
        const view = fleet(specs, { chain: ['x', 'm'] });
        view.endpoints.forEach((endpoint, i) => {
          endpoint.live.inFlight = drawn[i]?.inFlight ?? 0;
          if (drawn[i]?.ejected) eject(view, endpoint.name, 1_000);
        });
        const inService = specs.filter(
          ({ type, state, drained, hasModel }) =>
            (scope.types?.has(type) ?? true) &&
            ['healthy', 'busy', 'warming'].includes(state) &&
            !drained &&
            (model === null || hasModel),
        );
        const sound = inService.filter(({ ejected }) => !ejected);
        const expected = (sound.length > 0 ? sound : inService).map(({ name }) => name).sort();
        const policy: RoutePolicy = { balancer, strategy, fallback: 'none', refreshOnMiss: false };
        const plan = planRoute(view, request(model, scope), policy);
        if (expected.length === 0) assert.equal(plan.kind, 'refused');
        else assert.deepEqual(names(plan).sort(), expected);
      },
    ),
    { numRuns: 600 },
  );
});
