import { profileOrDefault } from '@olla/backends/table';
import { matchesFilter } from '@olla/config/glob';
import { plainName } from '@olla/core/catalog/names/plain-name';
import type { BackendType } from '@olla/core/backend-type';
import type { Catalog, Snapshot } from '@olla/core/snapshot';
import type { AskPort } from '@olla/state/ports/ask';
import type { Logger } from '@olla/telemetry/logger';
import { changedCatalog, isReflected, type NameChange } from './changed-catalog.ts';
import type { Endpoint, Endpoints } from './endpoints.ts';

/** A change, as workers tell it each other: plain JSON. */
export interface ModelChange extends NameChange {
  readonly endpointKey: string;
}

export interface ModelChangesOptions {
  readonly endpoints: Endpoints;
  readonly state: { readonly ask: AskPort };
  readonly log: Pick<Logger, 'debug'>;
  /** Models are listed at all; otherwise nobody would notice when a change is no longer true. */
  readonly listing: boolean;
  /** Default `performance.now`. */
  readonly now?: () => number;
}

const QUESTION = 'models-changed';
/** The end of a call waits no longer for workers that do not say that they have heard of its change. */
const TELL_MS = 1_000;
/** A list that was requested before a change may come behind it, for as long as this. */
const SETTLE_MS = 1_000;
/** After this time the agent's list is right, whatever it says. */
const MAX_AGE_MS = 30_000;
const MAX_CHANGES = 1_000;

interface Standing {
  readonly change: ModelChange;
  readonly endpoint: Endpoint;
  readonly since: number;
}

/**
 * What calls that succeeded have changed since the agent's last look, so that a model works as soon as its client knows
 * that it was made. Each change stands until the snapshots show it too.
 */
export class ModelChanges {
  readonly #options: ModelChangesOptions;
  readonly #now: () => number;
  readonly #byKey: ReadonlyMap<string, Endpoint>;
  readonly #standing = new Map<string, Standing>();
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

  /** Calls when a change was added. One listener. */
  onChange(listener: () => void): void {
    this.#onChange = listener;
  }

  /** Takes a change in force here and tells all workers of it. Resolves when they have it, or after TELL_MS. */
  async tell(change: ModelChange): Promise<void> {
    const { state, log, listing } = this.#options;
    if (!listing) return;
    this.#add(change);
    try {
      const { missing } = await state.ask.ask({ kind: QUESTION, role: 'worker', body: change }, TELL_MS);
      if (missing.length > 0)
        log.debug('some workers did not say that they know of a changed model', {
          missing: missing.join(', '),
        });
    } catch (error) {
      log.debug('the other workers could not be told of a changed model', { error: String(error) });
    }
  }

  /** Drops what a new snapshot shows too. To be called with each. @returns whether it dropped anything */
  settle({ catalog }: Snapshot): boolean {
    const before = this.#standing.size;
    for (const [key, { change, endpoint, since }] of this.#standing) {
      const ageMs = this.#now() - since;
      if (ageMs > MAX_AGE_MS || (ageMs > SETTLE_MS && isReflected(catalog, endpoint.name, change)))
        this.#standing.delete(key);
    }
    return this.#standing.size < before;
  }

  /** The catalog of a snapshot with the changes that stand; itself where there are none. */
  applyTo({ catalog, endpoints }: Snapshot): Catalog {
    if (this.#standing.size === 0) return catalog;
    const types = new Map<string, BackendType>(endpoints.map(({ name, type }) => [name, type]));
    const rulesOf = (name: string) => profileOrDefault(types.get(name) ?? '').names;
    let changed = catalog;
    for (const {
      change,
      endpoint: { name },
    } of this.#standing.values())
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
    this.#standing.delete(key);
    if (this.#standing.size >= MAX_CHANGES) return;
    this.#standing.set(key, { change, endpoint, since: this.#now() });
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
