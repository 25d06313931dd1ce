import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FleetLive } from '../fleet-live.ts';
import {
  request,
  fleet,
  load,
  names,
  ROUND_ROBIN,
  sequence,
  STRICT,
  three,
  type Spec,
} from '../../../testing/fleet-fixture.ts';
import { planRoute, type RoutePolicy } from '../plan-route.ts';

describe('balance', () => {
  test('round-robin gives each endpoint its turn, for each model separately, also after one was unavailable', () => {
    const live = new FleetLive(0.5);
    const view = fleet(three, {}, live);
    assert.deepEqual(sequence(view, 30, ROUND_ROBIN), { a: 10, b: 10, c: 10 });
    const without = fleet(
      three.map((spec) => (spec.name === 'b' ? { ...spec, state: 'offline' as const } : spec)),
      {},
      live,
    );
    assert.deepEqual(sequence(without, 10, ROUND_ROBIN), { a: 5, c: 5 });
    assert.deepEqual(sequence(fleet(three, {}, live), 9, ROUND_ROBIN), { a: 3, b: 3, c: 3 });
    const mixed = fleet([
      ...three,
      { name: 'd', models: { n: 'n' } },
      { name: 'a2', models: { n: 'n', m: 'm' } },
    ]);
    const counts: Record<string, number> = {};
    for (let i = 0; i < 40; i += 1) {
      sequence(mixed, 1, ROUND_ROBIN, 'n');
      for (const [name, n] of Object.entries(sequence(mixed, 1, ROUND_ROBIN)))
        counts[name] = (counts[name] ?? 0) + n;
    }
    assert.deepEqual(counts, { a: 10, b: 10, c: 10, a2: 10 });
  });

  test('least-connections rotates among equal loads, follows weights and counts requests of other workers', () => {
    assert.deepEqual(sequence(fleet(three), 30, STRICT), { a: 10, b: 10, c: 10 });
    const weighted: Spec[] = [
      { name: 'a', weight: 3, models: { m: 'm' } },
      { name: 'b', weight: 1, models: { m: 'm' } },
    ];
    assert.deepEqual(load(fleet(weighted), 8), { a: 6, b: 2 });
    assert.deepEqual(sequence(fleet(weighted), 40, STRICT), { a: 30, b: 10 });
    const slots = fleet([
      { name: 'a', weight: null, slots: 8, models: { m: 'm' } },
      { name: 'b', weight: null, models: { m: 'm' } },
    ]);
    assert.deepEqual(load(slots, 12), { a: 8, b: 4 });
    const live = new FleetLive(0);
    const view = fleet(three, {}, live);
    live.setOthersInFlight(
      new Map([
        ['a', 5],
        ['b', 2],
      ]),
    );
    assert.equal(names(planRoute(view, request('m'), STRICT))[0], 'c');
    assert.deepEqual(load(view, 8), { a: 0, b: 3, c: 5 });
  });

  test('least-connections gives an endpoint that returns its share and no more', () => {
    const live = new FleetLive(0);
    const unavailable = fleet(
      three.map((spec) => (spec.name === 'c' ? { ...spec, state: 'offline' as const } : spec)),
      {},
      live,
    );
    sequence(unavailable, 200, STRICT);
    const back = sequence(fleet(three, {}, live), 30, STRICT);
    assert.ok((back['c'] ?? 0) >= 9 && (back['c'] ?? 0) <= 12, JSON.stringify(back));
  });

  test('least-connections prefers an endpoint with the model in memory until its queue is too long', () => {
    const view = fleet([
      { name: 'cold', models: { m: 'm' }, resident: false },
      { name: 'warm', models: { m: 'm' }, resident: true },
    ]);
    assert.deepEqual(load(view, 2), { cold: 0, warm: 2 });
    assert.deepEqual(load(view, 2), { cold: 1, warm: 3 });
  });

  test('least-connections counts queued requests of others, and sends less to busy and warming endpoints', () => {
    const queued = fleet([
      { name: 'a', slots: 1, queued: 3, models: { m: 'm' } },
      { name: 'b', slots: 1, queued: 0, models: { m: 'm' } },
    ]);
    assert.deepEqual(load(queued, 3), { a: 0, b: 3 });
    const states = fleet([
      { name: 'warming', state: 'warming', weight: 4, models: { m: 'm' } },
      { name: 'busy', state: 'busy', weight: 4, models: { m: 'm' } },
      { name: 'healthy', weight: 4, models: { m: 'm' } },
    ]);
    const counts = load(states, 14);
    assert.ok((counts['healthy'] ?? 0) > (counts['busy'] ?? 0), JSON.stringify(counts));
    assert.ok((counts['busy'] ?? 0) > (counts['warming'] ?? 0), JSON.stringify(counts));
    assert.ok((counts['warming'] ?? 0) > 0, JSON.stringify(counts));
  });

  test('least-connections starts at different endpoints in different workers', () => {
    const firsts = [0, 0.34, 0.67].map(
      (seed) => names(planRoute(fleet(three, {}, new FleetLive(seed)), request('m'), STRICT))[0],
    );
    assert.deepEqual([...new Set(firsts)].sort(), ['a', 'b', 'c']);
  });

  test('priority tries the highest first, and the others behind it in their order', () => {
    const view = fleet([
      { name: 'low', priority: 1, models: { m: 'm' } },
      { name: 'high1', priority: 200, models: { m: 'm' } },
      { name: 'mid', priority: 100, models: { m: 'm' } },
      { name: 'high2', priority: 200, models: { m: 'm' } },
      { name: 'zero', priority: 0, models: { m: 'm' } },
    ]);
    const policy: RoutePolicy = { ...STRICT, balancer: 'priority' };
    assert.deepEqual(names(planRoute(view, request('m'), policy)).slice(2), ['mid', 'low', 'zero']);
    assert.deepEqual(sequence(view, 10, policy), { high1: 5, high2: 5 });
  });
});
