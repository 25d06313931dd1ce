import type { Settings } from '@olla/config/schema';
import type { Trust } from '@olla/core/limits-address/client-address';
import type { RoutePolicy } from '@olla/core/route-plan/plan-route';
import type { Limiter } from '@olla/state/limiter';
import type { Logger } from '@olla/telemetry/logger';
import type { Tracing } from '@olla/telemetry/tracing/tracing';
import type { Admin } from './admin/create-admin.ts';
import type { LimitTable } from './request/admission.ts';
import type { Cors } from './listener/cors.ts';
import type { Fleet } from './fleet/fleet.ts';
import type { FleetRefresh } from './fleet/fleet-refresh.ts';
import type { PendingBudget } from './request/pending-budget.ts';
import type { RequestLog } from './observe/request-log.ts';
import type { Sessions } from './fleet/sessions.ts';
import type { StatisticsRecorder } from './observe/statistics-recorder.ts';

/** What the path of a request works with; one a worker. */
export interface WorkerContext {
  readonly settings: Settings;
  readonly fleet: Fleet;
  readonly refresh: FleetRefresh;
  readonly policy: RoutePolicy;
  /** Null where sessions are not sticky. */
  readonly sessions: Sessions | null;
  readonly limiter: Limiter;
  readonly limits: LimitTable;
  readonly trust: Trust;
  readonly cors: Cors | null;
  readonly budget: PendingBudget;
  readonly statistics: StatisticsRecorder;
  readonly admin: Admin;
  readonly retryStatuses: ReadonlySet<number>;
  readonly log: Logger;
  /** Null where requests are not logged. */
  readonly requestLog: RequestLog | null;
  /** Null where no exporter is configured. */
  readonly tracing: Tracing | null;
  readonly draining: () => boolean;
}
