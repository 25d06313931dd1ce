import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fleet, names, request, routed, STRICT, type Spec } from '../../testing/fleet-fixture.ts';
import { planRoute } from './plan-route.ts';

describe('planRoute with a model_filter', () => {
  test('an endpoint with a filter gets no request that may be for a model outside it', () => {
    const specs: Spec[] = [
      { name: 'a', models: { m: 'm' }, filtered: true },
      { name: 'b', models: { n: 'n' } },
    ];
    const view = fleet(specs);
    const planned = (
      model: string | null,
      body: 'none' | 'readable' | 'unreadable',
      policy = STRICT,
    ): string[] => {
      const plan = planRoute(view, { ...request(model), body }, policy);
      return plan.kind === 'routed' ? names(plan) : [plan.code];
    };
    assert.deepEqual(planned(null, 'none').sort(), ['a', 'b']);
    assert.deepEqual(planned(null, 'readable'), ['b']);
    assert.deepEqual(planned('m', 'readable'), ['a']);
    assert.deepEqual(planned('m', 'unreadable'), ['INVALID_MODEL']);
    assert.deepEqual(planned('n', 'unreadable'), ['b']);
    assert.deepEqual(planned('x', 'readable', { ...STRICT, strategy: 'optimistic', fallback: 'all' }), ['b']);
  });

  test('a request without a model goes to the one model of its route', () => {
    const view = fleet([
      { name: 'a', models: { m: 'native' }, filtered: true },
      { name: 'b', models: { m: 'm' } },
      { name: 'c' },
    ]);
    const { candidates } = routed(planRoute(view, request(null), STRICT));
    assert.deepEqual(
      candidates.map(({ endpoint, model, rewrite }) => [endpoint.name, model, rewrite]).sort(),
      [
        ['a', 'native', true],
        ['b', 'm', false],
      ],
    );
  });
});
