import { answerProcessQuestions } from '@olla/admin-api/process-report';
import { Trust } from '@olla/core/limits-address/client-address';
import { Limiter } from '@olla/state/limiter';
import type { SharedState } from '@olla/state/shared-state';
import type { Logger } from '@olla/telemetry/logger';
import { startTracing } from '@olla/telemetry/tracing/start-tracing';
import { createAdmin } from './admin/create-admin.ts';
import type { InitMessage } from './process-messages.ts';
import { LimitTable } from './request/admission.ts';
import { createCors } from './listener/cors.ts';
import { Fleet } from './fleet/fleet.ts';
import { FleetRefresh } from './fleet/fleet-refresh.ts';
import { listen, type Listening } from './listener/listen.ts';
import { PendingBudget } from './request/pending-budget.ts';
import { createRequestLog } from './observe/request-log.ts';
import { createRequestPath } from './request/request-path.ts';
import { Sessions } from './fleet/sessions.ts';
import { StatisticsRecorder } from './observe/statistics-recorder.ts';
import type { WorkerContext } from './worker-context.ts';

export interface RunWorkerOptions {
  readonly init: InitMessage;
  readonly state: SharedState;
  readonly log: Logger;
  readonly format: 'json' | 'pretty';
}

export interface RunningWorker {
  /** The port that it listens on: the one it was given, or the one that the system chose where that was 0. */
  readonly port: number;
  /** Drains and lets go of everything; settles within `timeoutMs` and a little. */
  stop(timeoutMs: number): Promise<void>;
}

/** How long a worker waits for a first snapshot before it serves without one. */
const FIRST_SNAPSHOT_MS = 3_000;
/** How long a worker that stops waits for a collector. */
const MAX_FLUSH_MS = 2_000;
const MIN_FLUSH_MS = 500;
/** Puts a worker together and starts to listen. Rejects if it cannot listen. */
export async function runWorker({ init, state, log, format }: RunWorkerOptions): Promise<RunningWorker> {
  const { settings, self } = init;
  const [snapshot, control, tracing] = await Promise.all([
    state.snapshots.read().catch(() => null),
    state.control.read().catch(() => ({ revision: 0, drained: {}, refresh: 0 })),
    startTracing({ log, version: self.version, instanceId: self.id }),
  ]);
  let draining = false;
  let listening: Listening | null = null;
  const fleet = new Fleet(settings, state, snapshot, control);
  const statistics = new StatisticsRecorder(() => state.statistics.noteChange());
  const { rate_limits: rates } = settings.server;
  const limiter = new Limiter({ state, onStateLoss: rates.on_state_loss });
  const { routing_strategy: strategy } = settings.model_registry;
  const { sticky_sessions: sticky } = settings.proxy;
  const sessions = sticky.enabled ? new Sessions(sticky, state.sessions) : null;
  const refresh = new FleetRefresh({
    state,
    endpoints: () => fleet.view.endpoints,
    refreshCount: control.refresh,
    log,
    timeoutMs: strategy.options.discovery_timeout,
    listing: settings.discovery.model_discovery.enabled,
  });
  const context: WorkerContext = {
    settings,
    fleet,
    refresh,
    policy: {
      balancer: settings.proxy.load_balancer,
      strategy: strategy.type,
      fallback: strategy.options.fallback_behavior,
      refreshOnMiss: strategy.options.discovery_refresh_on_miss,
    },
    sessions,
    limiter,
    limits: new LimitTable(rates),
    trust: new Trust(rates.trust_proxy_headers, rates.trusted_proxy_cidrs),
    cors: createCors(settings.server.cors),
    budget: new PendingBudget(settings.server.request_limits.max_pending_bytes),
    statistics,
    admin: createAdmin({
      settings,
      state,
      self,
      snapshot: () => fleet.snapshot,
      endpoints: () => fleet.view.endpoints,
      control: () => fleet.control,
      draining: () => draining,
      adminToken: init.adminToken ?? null,
      startedAt: self.startedAt,
      build: init.build,
    }),
    retryStatuses: new Set(settings.proxy.retry.statuses),
    log,
    requestLog: settings.server.request_logging && log.enabled('info') ? createRequestLog(log, format) : null,
    tracing,
    draining: () => draining,
  };

  const report = () => {
    statistics.connections = listening?.connections() ?? 0;
    statistics.droppedSpans = tracing?.dropped() ?? 0;
    const counted = statistics.report(fleet.inFlight());
    return sessions === null ? counted : { ...counted, sessions: sessions.report() };
  };
  state.statistics.provide(report);
  const stopAnswering = answerProcessQuestions(state);

  if (fleet.snapshot === null && settings.discovery.static.endpoints.length > 0) await firstSnapshot(state);
  const { hosts, port } = init.listen ?? { hosts: [settings.server.host], port: settings.server.port };
  listening = await listen(settings.server, hosts, port, createRequestPath(context));

  return {
    port: listening.port,
    async stop(timeoutMs) {
      if (draining) return;
      draining = true;
      const startedAt = performance.now();
      await listening.drain(timeoutMs);
      if (tracing !== null) await tracing.shutdown(flushTime(timeoutMs, performance.now() - startedAt));
      stopAnswering();
      refresh.close();
      sessions?.close();
      limiter.close();
      fleet.close();
      await state
        .close()
        .catch((error: unknown) => log.warn(`leaving the shared state failed: ${String(error)}`));
    },
  };
}

/** What is left for sending the last spans: the primary kills a worker a second after its time. */
function flushTime(timeoutMs: number, drainedMs: number): number {
  return Math.min(MAX_FLUSH_MS, Math.max(MIN_FLUSH_MS, timeoutMs - drainedMs));
}

function firstSnapshot(state: SharedState): Promise<void> {
  return new Promise((resolve) => {
    const finish = (): void => {
      clearTimeout(timer);
      unsubscribe();
      resolve();
    };
    const timer = setTimeout(finish, FIRST_SNAPSHOT_MS);
    const unsubscribe = state.snapshots.onSnapshot(finish);
  });
}
