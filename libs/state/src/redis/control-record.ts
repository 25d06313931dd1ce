import { applyControl, NO_CONTROL } from '../apply-control.ts';
import type { Control, ControlChange } from '../ports/control.ts';
import { COMMAND_TIMEOUT_MS } from '../shared-state.ts';
import { StateError } from '../state-error.ts';
import type { ControlStore, StoreSink } from '../store.ts';
import { isUnavailable, type RedisConnection } from './connection.ts';
import type { Keys } from './keys.ts';
import { CHANGE_CONTROL } from './scripts.ts';

/** Attempts of a change, which starts again after a concurrent one. */
const CHANGE_ATTEMPTS = 20;

export interface ControlRecordOptions {
  readonly connection: RedisConnection;
  readonly keys: Keys;
  /** The text of the message that announces a revision to other hubs. */
  readonly textOf: (revision: number) => string;
  readonly sink: Pick<StoreSink, 'control'>;
}

/** The control state in Redis and on this host. */
export class ControlRecord implements ControlStore {
  readonly #options: ControlRecordOptions;
  /** The newest control read from Redis. */
  #shared: Control = NO_CONTROL;
  /** The control in force on this host: the shared one, and refreshes requested while Redis was unreachable. */
  #current: Control = NO_CONTROL;

  constructor(options: ControlRecordOptions) {
    this.#options = options;
  }

  /** The revision in Redis if both sides agree; null while this host has changes to store. */
  get settledRevision(): number | null {
    return this.#current === this.#shared ? this.#shared.revision : null;
  }

  async read(): Promise<Control> {
    const stored = await this.#readStored();
    // Redis was emptied, and this host still has the newer control.
    return stored.revision < this.#shared.revision ? this.#shared : stored;
  }

  /** @throws StateError STATE_UNAVAILABLE for a drain or a resume while Redis is unreachable */
  async change(change: ControlChange): Promise<Control> {
    try {
      return await this.#changeShared(change);
    } catch (error) {
      if (change.action !== 'refresh' || !isUnavailable(error)) throw error;
      const changed = applyControl(this.#current, change, Date.now());
      this.#apply(changed);
      return changed;
    }
  }

  /** Brings this host and Redis to the newer of what each has. */
  async reconcile(): Promise<void> {
    const revision = await this.#storedRevision();
    if (this.#current !== this.#shared) {
      await this.#changeShared({ action: 'refresh', by: 'while the shared state was unreachable' });
    } else if (revision > this.#shared.revision) this.#update(await this.#readStored());
    else if (revision < this.#shared.revision) await this.#replace(revision, this.#shared);
  }

  async #changeShared(change: ControlChange): Promise<Control> {
    for (let attempt = 0; attempt < CHANGE_ATTEMPTS; attempt += 1) {
      const stored = await this.#storedRevision();
      const changed = applyControl(await this.read(), change, Date.now());
      // This host's processes ignore older revisions, so the new one is above all that were published to them.
      const control = { ...changed, revision: Math.max(changed.revision, this.#current.revision + 1) };
      if (await this.#replace(stored, control)) return control;
    }
    throw new StateError('STATE_UNAVAILABLE', 'too many changes of control at once; try again');
  }

  async #readStored(): Promise<Control> {
    const json = await this.#options.connection.run('read control', COMMAND_TIMEOUT_MS, (client) =>
      client.hget(this.#options.keys.control, 'json'),
    );
    return json === null ? NO_CONTROL : JSON.parse(json);
  }

  async #storedRevision(): Promise<number> {
    const revision = await this.#options.connection.run('read control', COMMAND_TIMEOUT_MS, (client) =>
      client.hget(this.#options.keys.control, 'revision'),
    );
    return Number(revision ?? 0);
  }

  async #replace(from: number, control: Control): Promise<boolean> {
    const { connection, keys, textOf } = this.#options;
    const outcome = await connection.runScript(CHANGE_CONTROL, {
      deadlineMs: COMMAND_TIMEOUT_MS,
      keys: [keys.control],
      args: [from, control.revision, JSON.stringify(control), keys.all, textOf(control.revision)],
    });
    if (outcome === 1) this.#update(control);
    return outcome === 1;
  }

  #update(control: Control): void {
    if (control.revision < this.#shared.revision) return;
    this.#shared = control;
    this.#apply(control);
  }

  #apply(control: Control): void {
    if (control.revision < this.#current.revision) return;
    const isNewer = control.revision > this.#current.revision;
    this.#current = control;
    if (isNewer) this.#options.sink.control(control);
  }
}
