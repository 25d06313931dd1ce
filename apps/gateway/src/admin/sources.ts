import { performance } from 'node:perf_hooks';
import type { BuildInfo } from '@olla/admin-api/build-info';
import type { Settings } from '@olla/config/schema';
import type { Instance } from '@olla/core/instance';
import type { EndpointView } from '@olla/core/route-plan/endpoint-view';
import type { Snapshot } from '@olla/core/snapshot';
import type { AskPort } from '@olla/state/ports/ask';
import type { Control, ControlPort } from '@olla/state/ports/control';
import type { DirectoryPort, LiveInstance } from '@olla/state/ports/directory';
import type { EventPort } from '@olla/state/ports/events';
import type { HealthPort, StateHealth } from '@olla/state/ports/health';
import type { StatisticsPort, StatisticsReading } from '@olla/state/ports/statistics';
import type { StateKind } from '@olla/state/shared-state';
import type { EventLogger } from '@olla/state/report-event';
import type { AdminToken } from './admin-token.ts';
import { endpointRows, type EndpointRow } from './endpoint-rows.ts';
import { sumStatistics, type ClusterStatistics } from './sum-statistics.ts';

/** The part of the shared state that the admin API needs. */
export interface AdminState {
  readonly kind: StateKind;
  readonly statistics: Pick<StatisticsPort, 'read'>;
  readonly directory: Pick<DirectoryPort, 'readInstances'>;
  readonly health: Pick<HealthPort, 'current'>;
  readonly ask: Pick<AskPort, 'ask'>;
  readonly control: Pick<ControlPort, 'change'>;
  readonly events: Pick<EventPort, 'publish' | 'recent'>;
}

/** The data of the admin API: that of the answering worker and of the shared state. */
export interface AdminDeps {
  readonly settings: Settings;
  readonly state: AdminState;
  readonly self: Instance;
  readonly snapshot: () => Snapshot | null;
  /** The worker's current view, by which it plans. */
  readonly endpoints: () => readonly EndpointView[];
  readonly control: () => Control;
  readonly draining: () => boolean;
  /** Null: actions are refused. */
  readonly adminToken: AdminToken | null;
  /** Of this gateway; epoch milliseconds. */
  readonly startedAt: number;
  readonly build: BuildInfo;
  readonly log: EventLogger;
  /** For tests; Date.now otherwise. */
  readonly now?: () => number;
}

/** How long a read waits for this host's workers; other hosts' figures are there already. */
export const STATISTICS_DEADLINE_MS = 100;

/** Everything at one moment. */
export interface Moment {
  readonly deps: AdminDeps;
  readonly now: number;
  readonly snapshot: Snapshot | null;
  readonly control: Control;
  readonly reading: StatisticsReading;
  readonly statistics: ClusterStatistics;
  readonly instances: readonly LiveInstance[];
  readonly health: StateHealth;
  readonly endpoints: readonly EndpointRow[];
  /** Parts that could not be had. */
  readonly missing: readonly string[];
}

/**
 * Reads the cluster. Never rejects: processes whose data is late are named in `missing`.
 *
 * @param onCost called with the milliseconds of the worker's CPU time, without waiting
 */
export async function readMoment(deps: AdminDeps, onCost?: (ms: number) => void): Promise<Moment> {
  const [reading, instances] = await Promise.allSettled([
    deps.state.statistics.read(STATISTICS_DEADLINE_MS),
    deps.state.directory.readInstances(),
  ]);
  const startedAt = performance.now();
  const missing: string[] = [];
  const statisticsReading: StatisticsReading =
    reading.status === 'fulfilled' ? reading.value : { workers: [], missing: [] };
  missing.push(...statisticsReading.missing);
  if (reading.status === 'rejected') missing.push('statistics');
  if (instances.status === 'rejected') missing.push('instances');
  const statistics = sumStatistics(statisticsReading);
  const snapshot = deps.snapshot();
  const control = deps.control();
  const moment = {
    deps,
    now: deps.now?.() ?? Date.now(),
    snapshot,
    control,
    reading: statisticsReading,
    statistics,
    instances: instances.status === 'fulfilled' ? instances.value : [],
    health: deps.state.health.current(),
    endpoints: endpointRows({
      settings: deps.settings,
      endpoints: deps.endpoints(),
      snapshot,
      control,
      statistics,
    }),
    missing,
  };
  onCost?.(performance.now() - startedAt);
  return moment;
}
