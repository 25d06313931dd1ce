import { applyControl, NO_CONTROL } from '../apply-control.ts';
import type { Control, ControlChange } from '../ports/control.ts';
import { COMMAND_TIMEOUT_MS } from '../shared-state.ts';
import { StateError } from '../state-error.ts';
import type { ControlStore, StoreSink } from '../store.ts';
import { isAway, type RedisConnection } from './connection.ts';
import type { Keys } from './keys.ts';
import { CHANGE_CONTROL } from './scripts.ts';

/** Changes that meet another one start over. */
const CHANGE_ATTEMPTS = 20;

export interface ControlRecordOptions {
  readonly connection: RedisConnection;
  readonly keys: Keys;
  /** The text that tells other hubs of a revision. */
  readonly textOf: (revision: number) => string;
  readonly sink: Pick<StoreSink, 'control'>;
}

/** What operators decided, in Redis and as this host knows it. */
export class ControlRecord implements ControlStore {
  readonly #options: ControlRecordOptions;
  /** The newest that Redis had. */
  #shared: Control = NO_CONTROL;
  /** What this host obeys: ahead of the shared one by the refreshes that were requested while Redis was away. */
  #told: Control = NO_CONTROL;

  constructor(options: ControlRecordOptions) {
    this.#options = options;
  }

  /** Revision that Redis has if nothing changed there, and nothing is to be made up for here. */
  get settledRevision(): number | null {
    return this.#told === this.#shared ? this.#shared.revision : null;
  }

  async read(): Promise<Control> {
    const stored = await this.#readStored();
    // An emptied Redis has forgotten what this host still knows.
    return stored.revision < this.#shared.revision ? this.#shared : stored;
  }

  /** @throws StateError STATE_UNAVAILABLE for a drain or a resume while Redis is away */
  async change(change: ControlChange): Promise<Control> {
    try {
      return await this.#changeShared(change);
    } catch (error) {
      if (change.action !== 'refresh' || !isAway(error)) throw error;
      const told = applyControl(this.#told, change, Date.now());
      this.#tell(told);
      return told;
    }
  }

  /** Brings this host and Redis to the newer of what each has. */
  async reconcile(): Promise<void> {
    const revision = await this.#storedRevision();
    if (this.#told !== this.#shared) {
      await this.#changeShared({ action: 'refresh', by: 'while the shared state was away' });
    } else if (revision > this.#shared.revision) this.#learn(await this.#readStored());
    else if (revision < this.#shared.revision) await this.#replace(revision, this.#shared);
  }

  async #changeShared(change: ControlChange): Promise<Control> {
    for (let attempt = 0; attempt < CHANGE_ATTEMPTS; attempt += 1) {
      const stored = await this.#storedRevision();
      const changed = applyControl(await this.read(), change, Date.now());
      // Above what this host has told its own processes, which take nothing older.
      const control = { ...changed, revision: Math.max(changed.revision, this.#told.revision + 1) };
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
    if (outcome === 1) this.#learn(control);
    return outcome === 1;
  }

  #learn(control: Control): void {
    if (control.revision < this.#shared.revision) return;
    this.#shared = control;
    this.#tell(control);
  }

  #tell(control: Control): void {
    if (control.revision < this.#told.revision) return;
    const isNewer = control.revision > this.#told.revision;
    this.#told = control;
    if (isNewer) this.#options.sink.control(control);
  }
}
