import type { CastName, Receivers } from '../protocol/operations.ts';
import type { Store } from '../store.ts';
import type { HostState } from './host-state.ts';
import type { Member } from './member.ts';

/** Receives the members' messages that need no reply. */
export function castReceivers(host: HostState, store: Store): Receivers<CastName, [Member]> {
  return {
    'leases.return': (returns, member) => store.leases.returnLeases(member.instance.id, returns),
    'load.changes'(changes, member) {
      host.sums.update(member, changes);
      host.noteChange();
    },
    'sessions.place'(placements, member) {
      host.sessions(placements, member);
      store.otherHosts.placeSessions(placements);
    },
    'statistics.report'(statistics, member) {
      member.statistics = statistics;
      member.statisticsAtMs = performance.now();
      host.noteChange();
    },
    'events.publish': (event) => store.events.publish(event),
  };
}
