import { describe } from 'node:test';
import type { SharedState } from '../../src/shared-state.ts';
import { askConformance } from './ask.ts';
import type { ConformanceCluster, OnCluster } from './cluster.ts';
import { closeConformance } from './close.ts';
import { controlConformance } from './control.ts';
import { directoryConformance } from './directory.ts';
import { ejectionConformance } from './ejections.ts';
import { electionConformance } from './election.ts';
import { eventConformance } from './events.ts';
import { healthConformance } from './health.ts';
import { leaseConformance } from './leases.ts';
import { loadConformance } from './load.ts';
import { sessionConformance } from './sessions.ts';
import { snapshotConformance } from './snapshots.ts';
import { statisticsConformance } from './statistics.ts';

/** The tests of each port, and of `close`. A port without tests does not compile. */
const SUITES: Readonly<Record<Exclude<keyof SharedState, 'kind' | 'self'>, (onCluster: OnCluster) => void>> =
  {
    leases: leaseConformance,
    snapshots: snapshotConformance,
    election: electionConformance,
    ejections: ejectionConformance,
    load: loadConformance,
    sessions: sessionConformance,
    statistics: statisticsConformance,
    directory: directoryConformance,
    ask: askConformance,
    events: eventConformance,
    control: controlConformance,
    health: healthConformance,
    close: closeConformance,
  };

/** Runs the tests that every adapter of the shared state has to pass, port by port. */
export function conformance(name: string, makeCluster: () => Promise<ConformanceCluster>): void {
  const onCluster: OnCluster = (body) => async () => {
    const cluster = await makeCluster();
    try {
      await body(cluster);
    } finally {
      await cluster.close();
    }
  };

  describe(`shared state, ${name}`, () => {
    for (const suite of Object.values(SUITES)) suite(onCluster);
  });
}
