import type { Settings } from '@olla/config/schema';
import type { EndpointModels } from '@olla/core/catalog/build-catalog';
import { endpointKey } from '@olla/core/endpoint-key';
import { isServingState } from '@olla/core/endpoint-status';
import type { Instance } from '@olla/core/instance';
import type { EndpointModel, EndpointSnapshot, Snapshot } from '@olla/core/snapshot';
import type { NewEvent } from '@olla/state/ports/events';
import type { Unsubscribe } from '@olla/state/ports/unsubscribe';
import { reportEvent, type EventReporter } from '@olla/state/report-event';
import type { AgentLog } from './agent-log.ts';
import type { AgentState } from './agent-state.ts';
import { EndpointMonitor } from './endpoint-monitor.ts';
import type { StateChange } from './monitor-options.ts';
import type { ChangeKind } from './change-kind.ts';
import { Semaphore } from './semaphore.ts';
import { Publisher } from './publisher.ts';

/** The first snapshot waits this long for the first checks, so that it shows all endpoints that respond quickly. */
const FIRST_CHECKS_MS = 250;
/** Longest time between two snapshots. `/internal/status` shows the age of the last one. */
const HEARTBEAT_MS = 2_000;

export interface LeadershipOptions {
  readonly settings: Settings;
  readonly state: AgentState;
  readonly self: Instance;
  readonly log: AgentLog;
  /** Fencing token of the lead. */
  readonly token: number;
  /** The newest snapshot of any leader, from which this one starts. */
  readonly newest: Snapshot | null;
  readonly onFenced: () => void;
  readonly onPublished: (snapshot: Snapshot) => void;
}

/** One term as leader: monitors every endpoint and publishes snapshots until it is stopped. */
export class Leadership {
  readonly token: number;
  readonly #monitors: readonly EndpointMonitor[];
  readonly #publisher: Publisher;
  readonly #unsubscribe: readonly Unsubscribe[];
  readonly #firstChecksTimer: NodeJS.Timeout;
  #isFirstPublished = false;
  #refreshSeen: number | null = null;

  constructor(options: LeadershipOptions) {
    const { settings, state, self, log, token, newest } = options;
    const { endpoints } = settings.discovery.static;
    this.token = token;
    const listSemaphore = new Semaphore(settings.discovery.model_discovery.concurrent_workers);
    const known = knownOf(newest);
    this.#publisher = new Publisher({
      snapshots: state.snapshots,
      log,
      agent: self.id,
      token,
      previous: newest?.catalog ?? null,
      heartbeatMs: Math.min(HEARTBEAT_MS, settings.discovery.refresh_interval),
      collect: () => this.#collect(),
      onFenced: options.onFenced,
      onPublished: options.onPublished,
    });
    this.#monitors = endpoints.map((endpoint) => {
      const before = known.get(endpointKey(endpoint.name, endpoint.url, endpoint.type));
      return new EndpointMonitor({
        endpoint,
        discovery: settings.discovery.model_discovery,
        profileFilter: settings.proxy.profile_filter,
        userAgent: `olla-agent/${self.version}`,
        forgetAfterMs: settings.model_registry.unification.stale_threshold,
        log,
        listSemaphore,
        onChange: (kind) => this.#onChange(kind),
        onState: (change) => reportState({ events: state.events, log }, endpoint.name, self.id, change),
        ...(before === undefined ? {} : { known: before }),
      });
    });
    this.#firstChecksTimer = setTimeout(
      () => this.#publishFirst(),
      endpoints.length === 0 ? 0 : FIRST_CHECKS_MS,
    );
    this.#unsubscribe = [
      state.ejections.onEjection(({ endpointKey: key }) =>
        this.#monitors.find((monitor) => monitor.key === key)?.checkNow(),
      ),
      state.load.onOthers((inFlight) => {
        for (const monitor of this.#monitors) monitor.noteInFlight(inFlight.get(monitor.key) ?? 0);
      }),
      state.control.onControl(({ refresh }) => this.#onRefresh(refresh)),
    ];
    state.control.read().then(
      ({ refresh }) => (this.#refreshSeen ??= refresh),
      (error: unknown) => log.debug('the control record could not be read', { error: String(error) }),
    );
  }

  async stop(): Promise<void> {
    clearTimeout(this.#firstChecksTimer);
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    this.#publisher.stop();
    await Promise.all(this.#monitors.map((monitor) => monitor.stop()));
  }

  #onChange(kind: ChangeKind): void {
    if (this.#isFirstPublished) this.#publisher.publishSoon(kind);
    else if (this.#monitors.every((monitor) => monitor.isChecked)) this.#publishFirst();
  }

  #publishFirst(): void {
    if (this.#isFirstPublished) return;
    this.#isFirstPublished = true;
    clearTimeout(this.#firstChecksTimer);
    this.#publisher.publishNow();
  }

  #onRefresh(refresh: number): void {
    const seen = this.#refreshSeen;
    this.#refreshSeen = refresh;
    if (seen === null || refresh > seen) for (const monitor of this.#monitors) monitor.refresh(refresh);
  }

  #collect(): { endpoints: EndpointSnapshot[]; models: EndpointModels[] } {
    return {
      endpoints: this.#monitors.map((monitor) => monitor.snapshot()),
      models: this.#monitors.map((monitor) => ({
        endpoint: monitor.endpoint.name,
        rules: monitor.profile.names,
        models: monitor.models,
      })),
    };
  }
}

/** One event and one line, by the agent that leads. */
function reportState(
  reporter: EventReporter,
  endpoint: string,
  by: string,
  { from, to, reason, detail }: StateChange,
): void {
  const event: NewEvent = { kind: 'state', endpoint, from, to, reason, by };
  if (!isServingState(to)) reportEvent(reporter, event, 'warn', detail);
  // `olla serve` lists the endpoints that it finds at its start, so these lines would repeat it.
  else reportEvent(reporter, event, from === 'unknown' ? 'debug' : 'info', detail);
}

interface Known {
  readonly snapshot: EndpointSnapshot;
  readonly models: readonly EndpointModel[];
}

/** The endpoints of a snapshot by endpoint key. */
function knownOf(snapshot: Snapshot | null): ReadonlyMap<string, Known> {
  const models = new Map<string, EndpointModel[]>();
  for (const { locations } of snapshot?.catalog.models ?? []) {
    for (const { endpoint, model } of locations) {
      const list = models.get(endpoint);
      if (list === undefined) models.set(endpoint, [model]);
      else list.push(model);
    }
  }
  const known = new Map<string, Known>();
  for (const endpoint of snapshot?.endpoints ?? []) {
    known.set(endpoint.key, { snapshot: endpoint, models: models.get(endpoint.name) ?? [] });
  }
  return known;
}
