import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { BackendType } from '../backend-type.ts';
import { indexCatalog } from '../catalog/index-catalog.ts';
import { modelNames } from '../catalog/model-names.ts';
import type { EndpointState } from '../snapshot.ts';
import { recordRefusal } from './backoff.ts';
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
  ROUND_ROBIN,
  routed,
  sequence,
  STRICT,
  three,
  VLLM,
  type Spec,
} from '../../testing/fleet-fixture.ts';
import { FleetLive } from './fleet-live.ts';
import { buildFleetView } from './fleet-view.ts';
import { BALANCER_NAMES } from './balance/balancers.ts';
import { planRoute, type Plan, type RoutePolicy } from './plan-route.ts';
import type { Refresh } from './routing-facts.ts';

/** The facts about the first candidate, or about the refusal. */
function reasonOf(plan: Plan): string {
  const facts = plan.kind === 'refused' ? plan.facts : plan.facts[plan.candidates[0]?.rank ?? 0];
  return facts?.reason ?? assert.fail('no facts');
}

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
  assert.deepEqual(plan.facts, [{ strategy: 'strict', decision: 'routed', reason: 'model_found' }]);
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
  assert.equal(reasonOf(unknown), 'model_not_found');
  const unavailable = planRoute(view, request('m'), STRICT);
  assert.ok(unavailable.kind === 'refused');
  assert.equal(unavailable.code, 'MODEL_UNAVAILABLE');
  assert.equal(unavailable.facts?.decision, 'rejected');
  assert.match(unavailable.message, /"m".*a is offline \(connection refused\), b is draining\. /);
});

test('stays within the type of a provider route in all cases', () => {
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

test('reports that no models were listed, and not that no endpoint is in service, while endpoints serve', () => {
  const view = fleet([
    { name: 'a', listed: false },
    { name: 'b', listed: false, state: 'offline' },
  ]);
  const plan = planRoute(view, request('m'), STRICT);
  assert.ok(plan.kind === 'refused' && plan.code === 'NO_ENDPOINT');
  assert.match(plan.message, /has listed its models yet: a is healthy, b is offline/);
});

test('follows the routing strategy for a model that is unknown or unavailable', () => {
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
  assert.deepEqual(optimistic.facts, [
    { strategy: 'optimistic', decision: 'fallback', reason: 'model_not_found_fallback' },
  ]);
  assert.deepEqual(
    optimistic.candidates.map(({ rewrite }) => rewrite),
    [false],
  );
  const reason = (model: string, policy: RoutePolicy, refresh: Refresh | null = null): string =>
    reasonOf(planRoute(view, { ...request(model), refresh }, policy));
  assert.equal(reason('m', with_('optimistic', 'all')), 'all_healthy_fallback');
  for (const fallback of ['compatible_only', 'none'] as const)
    assert.equal(reason('x', with_('optimistic', fallback)), 'model_not_found');
  assert.equal(reason('m', with_('optimistic', 'compatible_only')), 'model_unavailable_compatible_only');
  assert.equal(reason('m', with_('optimistic', 'none')), 'model_unavailable_no_fallback');
  assert.equal(reason('m', STRICT), 'model_unavailable');
  assert.equal(reason('n', with_('discovery', 'all')), 'model_found_no_refresh');
  assert.equal(reason('n', with_('discovery', 'all', true)), 'model_found_no_refresh');
  assert.equal(reason('m', with_('discovery', 'all')), 'model_unavailable_no_refresh');
  const first = planRoute(view, request('x'), with_('discovery', 'all', true));
  assert.ok(first.kind === 'refused' && first.refreshFirst);
  const second = planRoute(view, { ...request('x'), refresh: 'done' }, with_('discovery', 'none', true));
  assert.ok(second.kind === 'refused' && !second.refreshFirst);
  assert.equal(reason('n', with_('discovery', 'all', true), 'done'), 'model_found_after_refresh');
  assert.equal(reason('m', with_('discovery', 'all', true), 'done'), 'all_healthy_after_discovery');
  assert.equal(reason('m', with_('discovery', 'none', true), 'done'), 'model_unavailable_after_discovery');
  assert.equal(reason('m', with_('discovery', 'all', true), 'failed'), 'discovery_failed_all_fallback');
  assert.equal(reason('m', with_('discovery', 'none', true), 'failed'), 'discovery_failed_no_fallback');
  assert.equal(
    reason('m', with_('discovery', 'compatible_only', true), 'failed'),
    'discovery_failed_compatible_only',
  );
});

test('sends no unlisted model to an endpoint with a model_filter under any strategy', () => {
  const view = fleet([
    { name: 'a', models: { n: 'n' }, filtered: true },
    { name: 'b', models: { n: 'n' } },
  ]);
  const policy: RoutePolicy = { ...STRICT, strategy: 'optimistic', fallback: 'all' };
  assert.deepEqual(names(planRoute(view, request('secret'), policy)), ['b']);
  assert.deepEqual(names(planRoute(view, request('n'), policy)).sort(), ['a', 'b']);
  const onlyFiltered = fleet([{ name: 'a', models: { n: 'n' }, filtered: true }]);
  assert.equal(planRoute(onlyFiltered, request('secret'), policy).kind, 'refused');
});

test('spreads requests for an alias over all endpoints that have one of its names, each under its own', () => {
  const specs: Spec[] = [
    { name: 'a', models: { tag: 'llama3:8b' } },
    { name: 'b', models: { key: 'llama-3-8b' } },
    { name: 'c', models: { file: 'Llama-3.gguf', tag: 'llama3:8b' } },
    { name: 'd', models: { other: 'other' } },
  ];
  const aliases = { llama: ['llama3:8b', 'llama-3-8b', 'Llama-3.gguf', 'unknown'], ghost: ['unknown'] };
  const view = fleet(specs, aliases);
  const plan = routed(planRoute(view, request('llama'), STRICT));
  assert.deepEqual(
    plan.candidates.map(({ endpoint, model, rewrite }) => [endpoint.name, model, rewrite]).sort(),
    [
      ['a', 'llama3:8b', true],
      ['b', 'llama-3-8b', true],
      ['c', 'llama3:8b', true],
    ],
  );
  assert.deepEqual(plan.facts, [
    { strategy: 'alias', decision: 'routed', reason: 'alias "llama" resolved to 3 endpoint(s)' },
  ]);
  for (const policy of [STRICT, ROUND_ROBIN])
    assert.deepEqual(sequence(fleet(specs, aliases), 30, policy, 'llama'), { a: 10, b: 10, c: 10 });
  const ghost = planRoute(view, request('ghost'), STRICT);
  assert.ok(ghost.kind === 'refused' && ghost.code === 'MODEL_NOT_FOUND');
  assert.deepEqual([ghost.facts?.strategy, ghost.facts?.reason], ['strict', 'model_not_found']);
});

test('finds an alias in any spelling that is no model, and prefers it to a model of exactly its name', () => {
  const specs: Spec[] = [
    { name: 'a', models: { one: 'one', llama: 'llama' } },
    { name: 'b', models: { CHAT: 'CHAT' } },
  ];
  const view = fleet(specs, { llama: ['one'], Chat: ['one'] });
  const first = (model: string): string | null | undefined =>
    routed(planRoute(view, request(model), STRICT)).candidates[0]?.model;
  assert.equal(first('llama'), 'one');
  assert.equal(first('Chat'), 'one');
  assert.equal(first('CHAT'), 'CHAT');
  assert.equal(first('Llama:latest'), 'llama');
  assert.deepEqual(
    routed(planRoute(fleet(specs, { Fast: ['one'] }), request('fast:latest'), STRICT)).candidates.map(
      ({ model, rewrite }) => [model, rewrite],
    ),
    [['one', true]],
  );
});

test('serves the model that has the name of an alias while no endpoint of the pool serves', () => {
  const specs = (state: EndpointState): Spec[] => [
    { name: 'a', models: { one: 'one' }, state },
    { name: 'b', models: { llama: 'llama' } },
  ];
  const of = (state: EndpointState) =>
    routed(planRoute(fleet(specs(state), { llama: ['one'] }), request('llama'), STRICT));
  assert.deepEqual(
    of('healthy').candidates.map(({ model }) => model),
    ['one', 'llama'],
  );
  const unavailable = of('offline');
  assert.deepEqual(
    unavailable.candidates.map(({ model, rank }) => [model, unavailable.facts[rank]?.reason]),
    [['llama', 'model_found']],
  );
});

describe('a fallback', () => {
  const FALLBACKS = { big: ['mid', 'small'], team: ['small'], unheard: ['pool'] };
  const ALIASES = { team: ['big', 'mid'], pool: ['small', 'mid'] };
  const planned = (model: string, specs: Spec[], policy = STRICT) =>
    planRoute(fleet(specs, ALIASES, new FleetLive(0), 1, FALLBACKS), request(model), policy);
  const specs = (...offline: string[]): Spec[] =>
    [
      { name: 'a', models: { big: 'big-a', small: 'small-a' } },
      { name: 'b', models: { big: 'big-b' } },
      { name: 'c', models: { mid: 'mid-c' } },
      { name: 'd', models: { small: 'small-d' } },
    ].map((spec) => ({ ...spec, state: offline.includes(spec.name) ? 'offline' : 'healthy' }));
  const served = (plan: ReturnType<typeof planRoute>) =>
    routed(plan).candidates.map(({ model, rank }) => [model, rank]);

  test('comes behind every endpoint of the name itself, in the order of the list', () => {
    const plan = planned('big', specs());
    assert.deepEqual(served(plan).slice(0, 2).sort(), [
      ['big-a', 0],
      ['big-b', 0],
    ]);
    assert.deepEqual(served(plan).slice(2), [
      ['mid-c', 1],
      ['small-d', 2],
    ]);
    assert.equal(reasonOf(plan), 'model_found');
  });

  test('serves while no endpoint has the name in service, and is named in the plan', () => {
    const plan = planned('big', specs('a', 'b'));
    assert.deepEqual(served(plan), [
      ['mid-c', 1],
      ['small-d', 2],
    ]);
    assert.deepEqual(routed(plan).facts[1], {
      strategy: 'fallback',
      decision: 'fallback',
      reason: 'fallback "mid" for "big"',
    });
    assert.deepEqual(served(planned('big', specs('a', 'b', 'c'))), [['small-d', 2]]);
  });

  test('is behind the whole pool of an alias, and may be a pool itself', () => {
    assert.deepEqual(served(planned('team', specs('a', 'b'))), [
      ['mid-c', 0],
      ['small-d', 1],
    ]);
    assert.deepEqual(served(planned('team', specs('a', 'b', 'c'))), [['small-d', 1]]);
    const pool = planned('unheard', specs());
    assert.deepEqual(served(pool).sort(), [
      ['mid-c', 0],
      ['small-a', 0],
      ['small-d', 0],
    ]);
    assert.equal(reasonOf(pool), 'fallback "pool" for "unheard"');
  });

  test('is refused with the status of every endpoint, and the fallbacks by name, when none serves', () => {
    const plan = planned('big', specs('a', 'b', 'c', 'd'));
    assert.ok(plan.kind === 'refused' && plan.code === 'MODEL_UNAVAILABLE');
    assert.match(
      plan.message,
      /the model "big" or its fallback "mid", "small" is in service: a is offline.*d is offline/,
    );
  });

  test('goes before any endpoint of the route under the strategy optimistic', () => {
    const policy: RoutePolicy = { ...STRICT, strategy: 'optimistic', fallback: 'all' };
    assert.deepEqual(served(planned('big', specs('a', 'b', 'c'), policy)), [['small-d', 2]]);
    assert.equal(reasonOf(planned('other', specs(), policy)), 'model_not_found_fallback');
  });

  test('gets no request because an endpoint of the name refuses for now, is preferred or is probed', () => {
    const view = fleet(specs(), ALIASES, new FleetLive(0), 1, FALLBACKS);
    const now = view.live.now();
    for (const name of ['a', 'b'])
      recordRefusal(
        view.endpoint(name)?.live.backoff ?? assert.fail(),
        { startedAt: now, retryAfterMs: 5_000 },
        now,
      );
    eject(view, 'c', 1_000);
    grantProbe(breakerOf(view, 'c'), 60_000);
    const plan = routed(planRoute(view, { ...request('big'), preferred: 'd' }, STRICT));
    assert.equal(plan.candidates[0]?.rank, 0);
    const session = { key: 'k', at: 'd' };
    assert.equal(routed(planRoute(view, { ...request('big'), session }, STRICT)).candidates[0]?.rank, 0);
  });
});

test('a candidate carries the id of its model in the catalog for every name of the model', () => {
  const specs: Spec[] = [
    { name: 'a', models: { small: 'small-a' } },
    { name: 'b', models: { big: 'big-b' }, state: 'offline' },
  ];
  const view = fleet(specs, { chat: ['big', 'small'] });
  const ids = (model: string | null) =>
    routed(planRoute(view, request(model), STRICT)).candidates.map(({ modelId }) => modelId);
  assert.deepEqual(ids('small-a'), ['small']);
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
    names: modelNames(indexCatalog({ revision: 1, models: [modelOf(specs, 'm') ?? assert.fail()] }), {
      aliases: {},
      fallbacks: {},
    }),
    live,
    concurrencyOf: () => 1,
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
      fc.constantFrom(...BALANCER_NAMES),
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
        const plan = planRoute(view, { ...request(model, scope), body: 'none' }, policy);
        if (expected.length === 0) assert.equal(plan.kind, 'refused');
        else assert.deepEqual(names(plan).sort(), expected);
      },
    ),
    { numRuns: 600 },
  );
});
