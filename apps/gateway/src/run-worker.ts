import { hostname } from 'node:os';
import { answerProcessQuestions } from '@olla/admin-api/process-report';
import type { Settings } from '@olla/config/schema';
import { Trust } from '@olla/core/limits-address/client-address';
import { FleetLive } from '@olla/core/route-plan/fleet-live';
import type { RoutePolicy } from '@olla/core/route-plan/plan-route';
import { Limiter } from '@olla/state/limiter';
import type { SharedState } from '@olla/state/shared-state';
import type { Logger } from '@olla/telemetry/logger';
import { startTracing } from '@olla/telemetry/tracing/start-tracing';
import { AdminToken } from './admin/admin-token.ts';
import { createAdmin } from './admin/create-admin.ts';
import { Ejections } from './fleet/ejections.ts';
import { Endpoints } from './fleet/endpoints.ts';
import { FleetRefresh } from './fleet/fleet-refresh.ts';
import { InFlight } from './fleet/in-flight.ts';
import { InvalidResponses } from './fleet/invalid-responses.ts';
import { ModelChanges } from './fleet/model-changes.ts';
import { RoutingView } from './fleet/routing-view.ts';
import { Sessions } from './fleet/sessions.ts';
import { createAskEndpoints } from './forward/ask-endpoints.ts';
import { createForward } from './forward/forward.ts';
import { retryRule } from './forward/next-step.ts';
import { createTrailerRule } from './forward/trailer-rule.ts';
import { listen, type Listening } from './listener/listen.ts';
import { createRequestLog } from './observe/request-log.ts';
import { createSettle } from './observe/settle.ts';
import { StatisticsRecorder } from './observe/statistics-recorder.ts';
import type { InitMessage } from './process-messages.ts';
import { createAdmit } from './request/admit.ts';
import { createAnswerLocally } from './request/answer-locally.ts';
import { Callers } from './request/callers.ts';
import { createFindClientAddress } from './request/client-address.ts';
import { createCors } from './request/cors.ts';
import { createKnownHosts } from './request/known-hosts.ts';
import { LimitTable } from './request/limit-table.ts';
import { ManagementGuard } from './request/management-guard.ts';
import { createModelLists } from './request/model-lists.ts';
import { PendingBudget } from './request/pending-budget.ts';
import { createPlan } from './request/plan.ts';
import { createReadBody } from './request/read-body.ts';
import { createRequestPath } from './request/request-path.ts';

export interface RunWorkerOptions {
  readonly init: InitMessage;
  readonly state: SharedState;
  readonly log: Logger;
  readonly format: 'json' | 'pretty';
  /** See ModelChangesOptions. */
  readonly relistMs?: number;
}

export interface RunningWorker {
  /** The port that it listens on: the one it was given, or the one that the system chose where that was 0. */
  readonly port: number;
  /** Drains and releases everything; settles within `timeoutMs` and a little. */
  stop(timeoutMs: number): Promise<void>;
}

/** How long a worker waits for a first snapshot before it serves without one. */
const FIRST_SNAPSHOT_MS = 3_000;
/** How long a worker that stops waits for a collector. */
const MAX_FLUSH_MS = 2_000;
const MIN_FLUSH_MS = 500;

/** Assembles a worker and starts to listen. Rejects if it cannot listen. */
export async function runWorker(options: RunWorkerOptions): Promise<RunningWorker> {
  const { init, state, log, format, relistMs } = options;
  const { settings, self } = init;
  const { proxy, server } = settings;
  const configuredNames = { aliases: settings.model_aliases, fallbacks: settings.model_fallbacks };
  const [snapshot, control, tracing] = await Promise.all([
    state.snapshots.read().catch(() => null),
    state.control.read().catch(() => ({ revision: 0, drained: {}, refresh: 0 })),
    startTracing({
      log,
      version: self.version,
      instanceId: self.id,
      onDropped: () => state.statistics.noteChange(),
    }),
  ]);
  let isDraining = false;
  let listening: Listening | null = null;

  // ── the fleet ───────────────────────────────────────────────────────────
  const endpoints = new Endpoints(settings);
  const live = new FleetLive(Math.random());
  const invalidResponses = new InvalidResponses(log);
  const inFlight = new InFlight({ endpoints, live, state });
  const ejections = new Ejections({ endpoints, live, state, log });
  const changes = new ModelChanges({
    endpoints,
    state,
    log,
    listing: settings.discovery.model_discovery.enabled,
    relistMs,
  });
  const routing = new RoutingView({
    endpoints,
    configuredNames,
    live,
    ejections,
    changes,
    state,
    snapshot,
    control,
  });
  const refresh = new FleetRefresh({
    state,
    endpoints: () => routing.fleet.endpoints,
    refreshCount: control.refresh,
    log,
    timeoutMs: settings.model_registry.routing_strategy.options.discovery_timeout,
    listing: settings.discovery.model_discovery.enabled,
  });
  const sessions = proxy.sticky_sessions.enabled ? new Sessions(proxy.sticky_sessions, state.sessions) : null;

  // ── statistics, logs and traces ─────────────────────────────────────────
  const statistics = new StatisticsRecorder(() => state.statistics.noteChange());
  state.statistics.provide(() =>
    statistics.report({
      inFlight: inFlight.byName(),
      connections: listening?.connections() ?? 0,
      invalidResponses: invalidResponses.report(),
      droppedSpans: tracing?.dropped() ?? 0,
      ...(sessions === null ? {} : { sessions: sessions.report() }),
    }),
  );
  const adminToken = init.adminToken == null ? null : new AdminToken(init.adminToken);
  const stopAnswering = answerProcessQuestions(state);
  const admin = createAdmin({
    settings,
    state,
    self,
    snapshot: () => routing.snapshot,
    endpoints: () => routing.fleet.endpoints,
    control: () => routing.control,
    draining: () => isDraining,
    adminToken,
    startedAt: self.startedAt,
    build: init.build,
    log,
  });

  // ── the path of a request ───────────────────────────────────────────────
  const limiter = new Limiter({ state, onStateLoss: server.rate_limits.on_state_loss });
  const { trust_proxy_headers: trustHeaders, trusted_proxy_cidrs: proxies } = server.rate_limits;
  const { max_body_size: maxBodyBytes, max_pending_bytes: maxPendingBytes } = server.request_limits;
  const models = createModelLists(routing);
  const cors = createCors(server.cors);
  const isKnownHost = createKnownHosts(server.allowed_hosts, hostname());
  const callers = new Callers({ isKnownHost, cors, adminToken });
  const guard = new ManagementGuard({
    isManagementAllowed: proxy.model_management,
    callers,
    endpoint: (name) => endpoints.get(name),
  });
  const handle = createRequestPath({
    findClientAddress: createFindClientAddress(new Trust(trustHeaders, proxies)),
    admit: createAdmit({ limiter, limits: new LimitTable(server.rate_limits), statistics }),
    answerLocally: createAnswerLocally({ admin, models, callers }),
    models,
    readBody: createReadBody({
      maxBytes: maxBodyBytes,
      maxKeptBytes: proxy.retry.max_body_size,
      budget: new PendingBudget(maxPendingBytes),
      sessions,
    }),
    planRequest: createPlan({
      routing,
      policy: policyOf(settings),
      sessions,
      refresh,
      ask: createAskEndpoints(endpoints),
      guard,
    }),
    forward: createForward({
      endpoints,
      inFlight,
      ejections,
      invalidResponses,
      changes,
      retry: retryRule(proxy),
      maxBodyBytes,
      maxResponseMs: proxy.response_timeout,
      sendsTrailer: createTrailerRule(server.response_time_trailer),
    }),
    settle: createSettle({
      statistics,
      requestLog: server.request_logging && log.enabled('info') ? createRequestLog(log, format) : null,
      tracing,
    }),
    cors,
    tracing,
    guard,
    adminToken,
    refresh,
    isDraining: () => isDraining,
    log,
  });

  if (routing.snapshot === null && endpoints.list.length > 0) await firstSnapshot(state);
  const { hosts, port } = init.listen ?? { hosts: [server.host], port: server.port };
  listening = await listen({ settings: server, hosts, port, handler: handle, log });
  const { drain } = listening;

  return {
    port: listening.port,
    async stop(timeoutMs) {
      if (isDraining) return;
      isDraining = true;
      const startedAt = performance.now();
      await drain(timeoutMs);
      if (tracing !== null) await tracing.shutdown(flushTime(timeoutMs, performance.now() - startedAt));
      stopAnswering();
      for (const part of [refresh, sessions, limiter, inFlight, ejections, routing, changes, endpoints])
        part?.close();
      await state
        .close()
        .catch((error: unknown) => log.warn(`leaving the shared state failed: ${String(error)}`));
    },
  };
}

function policyOf({ proxy, model_registry: { routing_strategy: strategy } }: Settings): RoutePolicy {
  return {
    balancer: proxy.load_balancer,
    strategy: strategy.type,
    fallback: strategy.options.fallback_behavior,
    refreshOnMiss: strategy.options.discovery_refresh_on_miss,
  };
}

/** Time for sending the last spans: the primary kills a worker a second after its drain time. */
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
