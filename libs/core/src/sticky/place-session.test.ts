import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { request, fleet, names, STRICT, three, type Spec } from '../../testing/fleet-fixture.ts';
import type { FleetView } from '../route-plan/fleet-view.ts';
import { FleetLive } from '../route-plan/fleet-live.ts';
import { planRoute, type RoutePolicy } from '../route-plan/plan-route.ts';

function placed(view: FleetView, key: string, at: string | null = null, policy = STRICT): string {
  return names(planRoute(view, { ...request('m'), session: { key, at } }, policy))[0] as string;
}

function busy(view: FleetView, name: string, inFlight: number): void {
  const endpoint = view.endpoint(name);
  assert.ok(endpoint !== undefined);
  endpoint.live.inFlight = inFlight;
}

const wide: Spec[] = three.map((spec) => ({ ...spec, weight: 4 }));
const sessions = Array.from({ length: 600 }, (_, i) => `session-${String(i)}`);

describe('placeSession', () => {
  test('places a session equally in every process, and sessions by the weight of endpoints', () => {
    const counts: Record<string, number> = {};
    for (const session of sessions) {
      const place = placed(fleet(three), session);
      assert.equal(placed(fleet([...three].reverse()), session), place);
      counts[place] = (counts[place] ?? 0) + 1;
    }
    for (const name of ['a', 'b', 'c']) assert.ok((counts[name] ?? 0) > 150, JSON.stringify(counts));
    const weighted = fleet([
      { name: 'a', weight: 3, models: { m: 'm' } },
      { name: 'b', weight: 1, models: { m: 'm' } },
    ]);
    const onA = sessions.filter((session) => placed(weighted, session) === 'a').length;
    assert.ok(onA > 400 && onA < 500, String(onA));
  });

  test('moves only the sessions of an endpoint that is removed', () => {
    const without = fleet(
      three.map((spec) => (spec.name === 'b' ? { ...spec, state: 'offline' as const } : spec)),
    );
    for (const session of sessions.slice(0, 100)) {
      const before = placed(fleet(three), session);
      if (before !== 'b') assert.equal(placed(without, session), before);
    }
  });

  test('keeps a session at its endpoint while that has a free slot', () => {
    const view = fleet(wide);
    busy(view, 'b', 3);
    for (const session of sessions.slice(0, 20)) assert.equal(placed(view, session, 'b'), 'b');
  });

  test('moves a session from a full endpoint to a free slot, and from a queue to one half as long', () => {
    const view = fleet(wide);
    busy(view, 'b', 4);
    assert.notEqual(placed(view, 's', 'b'), 'b');
    busy(view, 'a', 4);
    busy(view, 'c', 5);
    busy(view, 'b', 7);
    assert.equal(placed(view, 's', 'b'), 'b');
    busy(view, 'b', 8);
    assert.notEqual(placed(view, 's', 'b'), 'b');
  });

  test('places no new session at a full endpoint while another has a free slot', () => {
    const view = fleet(wide);
    busy(view, 'a', 4);
    for (const session of sessions.slice(0, 50)) assert.notEqual(placed(view, session), 'a');
  });

  test('prefers a higher priority to the session’s endpoint, and the name asked for to a fallback, but no name of a pool', () => {
    const ranked: Spec[] = [
      { name: 'low', priority: 1, models: { m: 'm' } },
      { name: 'high', priority: 9, models: { m: 'm' } },
    ];
    const policy: RoutePolicy = { ...STRICT, balancer: 'priority' };
    assert.equal(placed(fleet(ranked), 's', 'low', policy), 'high');
    assert.equal(placed(fleet(ranked), 's', 'low'), 'low');
    const two: Spec[] = [
      { name: 'second', models: { y: 'y' } },
      { name: 'first', models: { x: 'x' } },
    ];
    const chain = fleet(two, { m: ['x'] }, new FleetLive(0), 1, { m: ['y'] });
    assert.equal(placed(chain, 's', 'second'), 'first');
    assert.equal(placed(fleet(two, { m: ['x', 'y'] }), 's', 'second'), 'second');
  });

  test('lists every candidate once, and never a full one first while another has a slot', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ inFlight: fc.nat(9), weight: fc.integer({ min: 1, max: 4 }) }), {
          minLength: 1,
          maxLength: 5,
        }),
        fc.string({ minLength: 1 }),
        fc.nat(5),
        (drawn, key, at) => {
          const view = fleet(
            drawn.map(({ weight }, i) => ({ name: `e${String(i)}`, weight, models: { m: 'm' } })),
          );
          drawn.forEach(({ inFlight }, i) => busy(view, `e${String(i)}`, inFlight));
          const order = names(
            planRoute(view, { ...request('m'), session: { key, at: `e${String(at)}` } }, STRICT),
          );
          assert.deepEqual(
            [...order].sort(),
            drawn.map((_, i) => `e${String(i)}`),
          );
          const isFull = (name: string | undefined): boolean => {
            const { inFlight, weight } = drawn[Number(name?.slice(1))] ?? { inFlight: 0, weight: 1 };
            return inFlight >= weight;
          };
          if (isFull(order[0])) assert.ok(order.every(isFull));
        },
      ),
      { numRuns: 200 },
    );
  });

  test('prefers the endpoint that the client names to the session’s', () => {
    const plan = planRoute(
      fleet(three),
      { ...request('m'), preferred: 'c', session: { key: 's', at: 'a' } },
      STRICT,
    );
    assert.equal(names(plan)[0], 'c');
  });
});
