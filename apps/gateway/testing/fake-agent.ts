import { profileOrDefault } from '@olla/backends/table';
import type { BackendType } from '@olla/core/backend-type';
import { buildCatalog } from '@olla/core/catalog/build-catalog';
import type {
  Catalog,
  EndpointLoad,
  EndpointModel,
  EndpointSnapshot,
  EndpointState,
} from '@olla/core/snapshot';
import type { SharedState } from '@olla/state/shared-state';

/** A model by its native name, with the details that its server reports. */
export type ModelSpec = string | (Pick<EndpointModel, 'name'> & Partial<EndpointModel>);

/** The agent's result for one endpoint. */
export interface SeenEndpoint {
  readonly name: string;
  readonly key: string;
  readonly type: BackendType;
  readonly state: EndpointState;
  readonly reason: string;
  readonly models: readonly ModelSpec[];
  readonly load: EndpointLoad | null;
  readonly listedAfterRefresh: number;
}

/** Far longer than a test runs. */
const LEAD_MS = 600_000;

/** Replaces the discovery agent: it probes nothing and publishes the snapshots that a test sets. */
export class FakeAgent {
  readonly #state: SharedState;
  readonly #token: number;
  readonly #endpoints: Map<string, SeenEndpoint>;
  #catalog: Catalog | null = null;
  #n = 0;
  #publishedAt = 0;

  private constructor(state: SharedState, token: number, endpoints: readonly SeenEndpoint[]) {
    this.#state = state;
    this.#token = token;
    this.#endpoints = new Map(endpoints.map((endpoint) => [endpoint.name, endpoint]));
  }

  /** Takes the lead, so that its snapshots count. */
  static async lead(state: SharedState, endpoints: readonly SeenEndpoint[]): Promise<FakeAgent> {
    const lead = await state.election.campaign(LEAD_MS, 0);
    if (!lead.leading) throw new Error(`${lead.leader} leads`);
    return new FakeAgent(state, lead.token, endpoints);
  }

  /** Publishes a snapshot in which these endpoints have changed; the workers have it when this resolves. */
  async publish(changes: Readonly<Record<string, Partial<SeenEndpoint>>> = {}): Promise<void> {
    for (const [name, change] of Object.entries(changes)) {
      const endpoint = this.#endpoints.get(name);
      if (endpoint === undefined) throw new Error(`no endpoint ${name}`);
      this.#endpoints.set(name, { ...endpoint, ...change });
    }
    // As an agent's lists take time, a later one is of a later millisecond.
    const now = Math.max(Date.now(), this.#publishedAt + 1);
    this.#publishedAt = now;
    const endpoints = [...this.#endpoints.values()];
    this.#catalog = buildCatalog(
      endpoints.map(({ name, type, models }) => ({
        endpoint: name,
        rules: profileOrDefault(type).names,
        models: models.map(modelOf),
      })),
      this.#catalog,
      now,
    );
    this.#n += 1;
    const result = await this.#state.snapshots.publish({
      version: { token: this.#token, n: this.#n },
      publishedAt: now,
      agent: this.#state.self.id,
      endpoints: endpoints.map((endpoint) => snapshotOf(endpoint, now)),
      catalog: this.#catalog,
    });
    if (result !== 'published') throw new Error(`the snapshot was ${result}`);
  }
}

function snapshotOf(
  { name, key, type, state, reason, load, listedAfterRefresh }: SeenEndpoint,
  now: number,
): EndpointSnapshot {
  return {
    name,
    key,
    type,
    state,
    reason,
    since: now,
    checkedAt: now,
    nextCheckAt: null,
    checkLatencyMs: 1,
    modelsAt: now,
    listedAfterRefresh,
    load,
    serverVersion: null,
  };
}

function modelOf(spec: ModelSpec): EndpointModel {
  const reported = typeof spec === 'string' ? { name: spec } : spec;
  return {
    kind: 'llm',
    resident: true,
    residentUntil: null,
    contextLength: null,
    sizeBytes: null,
    family: null,
    parameterSize: null,
    quantization: null,
    format: null,
    digest: null,
    publisher: null,
    capabilities: [],
    modifiedAt: null,
    ...reported,
  };
}
