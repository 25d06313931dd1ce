import { profileOrDefault } from '@olla/backends/table';
import { matchesFilter } from '@olla/config/glob';
import { plainName } from '@olla/core/catalog/names/plain-name';
import type { BackendType } from '@olla/core/backend-type';
import type { Catalog, Snapshot } from '@olla/core/snapshot';
import type { AskPort } from '@olla/state/ports/ask';
import type { Logger } from '@olla/telemetry/logger';
import { changedCatalog, isReflected, type NameChange } from './changed-catalog.ts';
import type { Endpoint, Endpoints } from './endpoints.ts';

/** A change in a message between workers: plain JSON. */
export interface ModelChange extends NameChange {
  readonly endpointKey: string;
}

export interface ModelChangesOptions {
  readonly endpoints: Endpoints;
  readonly state: { readonly ask: AskPort };
  readonly log: Pick<Logger, 'debug'>;
  /** Models are listed at all. Otherwise no list would show that a change is no longer true. */
  readonly listing: boolean;
  /** Default `performance.now`. */
  readonly now?: () => number;
}

const QUESTION = 'models-changed';
/** Maximum delay of a call's end for workers that do not confirm its change. */
const PUBLISH_MS = 1_000;
/** A list that was requested before a change may arrive this long after it. */
const SETTLE_MS = 1_000;
/** After this time the agent's list is used without the change. */
const MAX_AGE_MS = 30_000;
const MAX_CHANGES = 1_000;

interface ChangeInForce {
  readonly change: ModelChange;
  readonly endpoint: Endpoint;
  readonly since: number;
}

/**
 * The changes of models by successful calls since the agent's last lists, so that a model works as soon as its client
 * knows that it was made. Each change is in force until the snapshots show it too.
 */
export class ModelChanges {
  readonly #options: ModelChangesOptions;
  readonly #now: () => number;
  readonly #byKey: ReadonlyMap<string, Endpoint>;
  readonly #inForce = new Map<string, ChangeInForce>();
  readonly #unsubscribe: () => void;
  #onChange: () => void = () => undefined;

  constructor(options: ModelChangesOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#byKey = new Map(options.endpoints.list.map((endpoint) => [endpoint.key, endpoint]));
    this.#unsubscribe = options.state.ask.onQuestion(QUESTION, ({ body }) => {
      if (isModelChange(body)) this.#add(body);
      return true;
    });
  }

  /** Calls back when a change was added. One listener. */
  onChange(listener: () => void): void {
    this.#onChange = listener;
  }

  /**
   * Puts a change in force here and publishes it to all workers. Resolves when they confirm it, or after PUBLISH_MS.
   */
  async publish(change: ModelChange): Promise<void> {
    const { state, log, listing } = this.#options;
    if (!listing) return;
    this.#add(change);
    try {
      const { missing } = await state.ask.ask({ kind: QUESTION, role: 'worker', body: change }, PUBLISH_MS);
      if (missing.length > 0)
        log.debug('some workers did not confirm a change of models', {
          missing: missing.join(', '),
        });
    } catch (error) {
      log.debug('a change of models could not be published to the other workers', { error: String(error) });
    }
  }

  /** Drops the changes that a new snapshot shows too. Call it with each one. @returns whether it dropped any */
  settle({ catalog }: Snapshot): boolean {
    const before = this.#inForce.size;
    for (const [key, { change, endpoint, since }] of this.#inForce) {
      const ageMs = this.#now() - since;
      if (ageMs > MAX_AGE_MS || (ageMs > SETTLE_MS && isReflected(catalog, endpoint.name, change)))
        this.#inForce.delete(key);
    }
    return this.#inForce.size < before;
  }

  /** The catalog of a snapshot with the changes in force; the same catalog if there are none. */
  applyTo({ catalog, endpoints }: Snapshot): Catalog {
    if (this.#inForce.size === 0) return catalog;
    const types = new Map<string, BackendType>(endpoints.map(({ name, type }) => [name, type]));
    const rulesOf = (name: string) => profileOrDefault(types.get(name) ?? '').names;
    let changed = catalog;
    for (const {
      change,
      endpoint: { name },
    } of this.#inForce.values())
      changed = changedCatalog(changed, { endpoint: name, change, rulesOf, now: Date.now() });
    return changed;
  }

  close(): void {
    this.#unsubscribe();
  }

  #add(change: ModelChange): void {
    const endpoint = this.#byKey.get(change.endpointKey);
    if (endpoint === undefined) return;
    if (change.kind === 'added' && !matchesFilter(endpoint.settings.model_filter, change.name)) return;
    const key = `${change.endpointKey}\n${plainName(change.name)}`;
    this.#inForce.delete(key);
    if (this.#inForce.size >= MAX_CHANGES) return;
    this.#inForce.set(key, { change, endpoint, since: this.#now() });
    this.#onChange();
  }
}

function isModelChange(body: unknown): body is ModelChange {
  return (
    typeof body === 'object' &&
    body !== null &&
    'endpointKey' in body &&
    typeof body.endpointKey === 'string' &&
    'name' in body &&
    typeof body.name === 'string' &&
    'kind' in body &&
    (body.kind === 'added' || body.kind === 'removed') &&
    'like' in body &&
    (body.like === null || typeof body.like === 'string')
  );
}
