import type { Settings } from '@olla/config/schema';
import type { EndpointModels } from '@olla/core/catalog/build-catalog';
import type { Instance } from '@olla/core/instance';
import type { EndpointModel, EndpointSnapshot, Snapshot } from '@olla/core/snapshot';
import type { Unsubscribe } from '@olla/state/port';
import { endpointKey } from '@olla/core/endpoint-key';
import type { AgentLog } from './agent-log.ts';
import type { AgentState } from './agent-state.ts';
import { EndpointMonitor } from './endpoint-monitor.ts';
import type { ChangeKind } from './change-kind.ts';
import { Gate } from './gate.ts';
import { Publisher } from './publisher.ts';

/** The first snapshot waits this long for the first answers, so that a fleet at hand is complete in it. */
const FIRST_ROUND_MS = 250;
/** Workers take a snapshot for stale when this beat stays away. */
const HEARTBEAT_MS = 2_000;

export interface LeadershipOptions {
  readonly settings: Settings;
  readonly state: AgentState;
  readonly self: Instance;
  readonly log: AgentLog;
  readonly token: number;
  /** The newest snapshot that anybody published, for what it knows. */
  readonly newest: Snapshot | null;
  readonly onFenced: () => void;
  readonly onPublished: (snapshot: Snapshot) => void;
}

/** One term as leader: watches every endpoint and publishes, until it is stopped. */
export class Leadership {
  readonly token: number;
  readonly #monitors: readonly EndpointMonitor[];
  readonly #publisher: Publisher;
  readonly #unsubscribe: readonly Unsubscribe[];
  readonly #firstRound: NodeJS.Timeout;
  #first = true;
  #refreshSeen: number | null = null;

  constructor(options: LeadershipOptions) {
    const { settings, state, self, log, token, newest } = options;
    const { endpoints } = settings.discovery.static;
    this.token = token;
    const listGate = new Gate(settings.discovery.model_discovery.concurrent_workers);
    const known = knownOf(newest);
    this.#publisher = new Publisher({
      state,
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
        userAgent: `olla-agent/${self.version}`,
        forgetAfterMs: settings.model_registry.unification.stale_threshold,
        log,
        listGate,
        onChange: (kind) => this.#onChange(kind),
        ...(before === undefined ? {} : { known: before }),
      });
    });
    this.#firstRound = setTimeout(() => this.#endFirstRound(), endpoints.length === 0 ? 0 : FIRST_ROUND_MS);
    this.#unsubscribe = [
      state.onEjection(({ endpointKey: key }) =>
        this.#monitors.find((monitor) => monitor.key === key)?.checkNow(),
      ),
      state.onControl(({ refresh }) => this.#onRefresh(refresh)),
    ];
    state.readControl().then(
      ({ refresh }) => (this.#refreshSeen ??= refresh),
      (error: unknown) => log.debug('the control record could not be read', { error: String(error) }),
    );
  }

  async stop(): Promise<void> {
    clearTimeout(this.#firstRound);
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    this.#publisher.stop();
    await Promise.all(this.#monitors.map((monitor) => monitor.stop()));
  }

  #onChange(kind: ChangeKind): void {
    if (!this.#first) this.#publisher.note(kind);
    else if (this.#monitors.every((monitor) => monitor.checked)) this.#endFirstRound();
  }

  #endFirstRound(): void {
    if (!this.#first) return;
    this.#first = false;
    clearTimeout(this.#firstRound);
    this.#publisher.publishNow();
  }

  #onRefresh(refresh: number): void {
    const seen = this.#refreshSeen;
    this.#refreshSeen = refresh;
    if (seen === null || refresh > seen) for (const monitor of this.#monitors) monitor.refresh();
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

interface Known {
  readonly snapshot: EndpointSnapshot;
  readonly models: readonly EndpointModel[];
}

/** What an earlier leader knew, by endpoint key. */
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
