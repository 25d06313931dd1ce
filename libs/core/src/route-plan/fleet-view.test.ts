import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { breakerOf, eject, fleet, type Spec } from '../../testing/fleet-fixture.ts';
import { FleetLive } from './fleet-live.ts';
import { applyChecks, type FleetView } from './fleet-view.ts';

const SPECS: readonly Spec[] = [{ name: 'a' }, { name: 'b' }];

function statuses(view: FleetView): string[] {
  return view.endpoints.map(({ status }) => status.status);
}

describe('the status of an endpoint in a view', () => {
  test('follows the breaker without a new view', () => {
    const view = fleet(SPECS);
    assert.deepEqual(statuses(view), ['healthy', 'healthy']);
    eject(view, 'a', 1_000);
    assert.deepEqual(statuses(view), ['ejected', 'healthy']);
    assert.deepEqual(view.endpoint('a')?.status, {
      serves: false,
      status: 'ejected',
      reason: 'connection refused',
      since: 1_000,
    });
  });

  test('keeps an ejection over the next snapshot', () => {
    const live = new FleetLive(0);
    eject(fleet(SPECS, {}, live), 'a', 1_000);
    assert.deepEqual(statuses(fleet(SPECS, {}, live)), ['ejected', 'healthy']);
  });
});

describe('applyChecks', () => {
  test('re-admits the endpoints that a newer check found fit, and names them', () => {
    const live = new FleetLive(0);
    const before = fleet(SPECS, {}, live);
    applyChecks(before, 900);
    eject(before, 'a', 1_000);
    const after = fleet(SPECS, {}, live);
    assert.deepEqual(applyChecks(after, 1_100), []);
    const checked = fleet(SPECS, {}, live, 1_050);
    assert.deepEqual(
      applyChecks(checked, 1_100).map(({ name }) => name),
      ['a'],
    );
    assert.equal(breakerOf(checked, 'a').state, 'closed');
    assert.deepEqual(statuses(checked), ['healthy', 'healthy']);
  });

  test('does not re-admit an endpoint that the check found unreachable', () => {
    const live = new FleetLive(0);
    eject(fleet(SPECS, {}, live), 'a', 1_000);
    const specs: Spec[] = [{ name: 'a', state: 'offline' }];
    assert.deepEqual(applyChecks(fleet(specs, {}, live, 1_050), 1_100), []);
  });
});
