import { profileOrDefault } from '@olla/backends/table';
import { matchesFilter } from '@olla/config/glob';
import { plainName } from '@olla/core/catalog/names/plain-name';
import type { BackendType } from '@olla/core/backend-type';
import type { Instance } from '@olla/core/instance';
import type { Catalog, Snapshot } from '@olla/core/snapshot';
import type { AskPort } from '@olla/state/ports/ask';
import type { ControlPort } from '@olla/state/ports/control';
import type { Logger } from '@olla/telemetry/logger';
import { changedCatalog, isReflected, type NameChange } from './changed-catalog.ts';
import type { Endpoint, Endpoints } from './endpoints.ts';

/** A change in a message between workers: plain JSON. */
export interface ModelChange extends NameChange {
  readonly endpointKey: string;
  /** A list after this `refresh` of the control record shows whether the change is true; null for none. */
  readonly refresh: number | null;
}

export interface ModelChangesOptions {
  readonly endpoints: Endpoints;
  readonly state: {
    readonly self: Pick<Instance, 'id'>;
    readonly ask: AskPort;
    readonly control: Pick<ControlPort, 'change'>;
  };
  readonly log: Pick<Logger, 'debug'>;
  /** Models are listed at all. Otherwise no list would show that a change is no longer true. */
  readonly listing: boolean;
  /** Maximum delay of the end of a deletion for the next list of its server, in milliseconds. Default RELIST_MS. */
  readonly relistMs?: number | undefined;
  /** Default `performance.now`. */
  readonly now?: () => number;
}

const QUESTION = 'models-changed';
/** Maximum delay of a call's end for workers that do not confirm its change. */
const PUBLISH_MS = 1_000;
const RELIST_MS = 1_000;
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
  readonly #waiting = new Set<() => void>();
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
   * A removal is checked with the next list of its server, which may have the name all the same.
   */
  async publish(made: Omit<ModelChange, 'refresh'>): Promise<void> {
    const { state, log, listing } = this.#options;
    if (!listing) return;
    const refresh = made.kind === 'removed' ? await this.#relist() : null;
    const change = { ...made, refresh };
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
    if (refresh !== null) await this.#untilSettled(change);
  }

  /** Drops the changes that a new snapshot shows too. Call it with each one. @returns whether it dropped any */
  settle({ catalog, endpoints }: Snapshot): boolean {
    const before = this.#inForce.size;
    for (const [key, { change, endpoint, since }] of this.#inForce) {
      const ageMs = this.#now() - since;
      const listed = endpoints.find((one) => one.key === endpoint.key)?.listedAfterRefresh ?? 0;
      const isChecked = change.refresh !== null && listed >= change.refresh;
      if (
        isChecked ||
        ageMs > MAX_AGE_MS ||
        (ageMs > SETTLE_MS && isReflected(catalog, endpoint.name, change))
      )
        this.#inForce.delete(key);
    }
    for (const look of this.#waiting) look();
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

  /** Has the agent list all models again. @returns the number of this refresh; null if it could not be requested */
  async #relist(): Promise<number | null> {
    const { state, log } = this.#options;
    try {
      return (await state.control.change({ action: 'refresh', by: state.self.id })).refresh;
    } catch (error) {
      log.debug('the agent could not be asked to list the models again', { error: String(error) });
      return null;
    }
  }

  /** Resolves when the change is no longer in force, or after `relistMs`. */
  #untilSettled(change: ModelChange): Promise<void> {
    const isSettled = (): boolean => this.#inForce.get(keyOf(change))?.change.refresh !== change.refresh;
    if (isSettled()) return Promise.resolve();
    return new Promise((resolve) => {
      const finish = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve();
      };
      const look = (): void => {
        if (isSettled()) finish();
      };
      const timer = setTimeout(finish, this.#options.relistMs ?? RELIST_MS);
      this.#waiting.add(look);
    });
  }

  #add(change: ModelChange): void {
    const endpoint = this.#byKey.get(change.endpointKey);
    if (endpoint === undefined) return;
    if (change.kind === 'added' && !matchesFilter(endpoint.settings.model_filter, change.name)) return;
    const key = keyOf(change);
    this.#inForce.delete(key);
    if (this.#inForce.size >= MAX_CHANGES) return;
    this.#inForce.set(key, { change, endpoint, since: this.#now() });
    this.#onChange();
  }
}

function keyOf({ endpointKey, name }: ModelChange): string {
  return `${endpointKey}\n${plainName(name)}`;
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
    (body.like === null || typeof body.like === 'string') &&
    'refresh' in body &&
    (body.refresh === null || typeof body.refresh === 'number')
  );
}
