import type { Instance } from '@olla/core/instance';
import { compareVersions } from '@olla/core/snapshot';
import type { Snapshot } from '@olla/core/snapshot';
import { applyControl, NO_CONTROL } from '../control.ts';
import type { HubLogEvent } from '../hub.ts';
import { packSnapshot, Unpacker } from '../ipc/protocol.ts';
import type { PackedSnapshot } from '../ipc/protocol.ts';
import { COMMAND_TIMEOUT_MS, StateError } from '../port.ts';
import type * as port from '../port.ts';
import type { HostReport, Store, StoreSink } from '../store.ts';
import { RedisConnection } from './connection.ts';
import { HostExchange } from './host-exchange.ts';
import type { Heard } from './host-exchange.ts';
import { Keys } from './keys.ts';
import { RedisLeases } from './leases.ts';
import { OutageLog } from './outage-log.ts';
import type { RedisOptions } from './options.ts';
import { Probes } from './probes.ts';
import { CAMPAIGN, CHANGE_CONTROL, PUBLISH_SNAPSHOT, READ_SNAPSHOT, RESIGN } from './scripts.ts';

const LEASE_DEADLINE_MS = 50;
/** Changes of control that meet another one start over. */
const CHANGE_ATTEMPTS = 20;

export interface RedisStoreOptions {
  readonly self: Instance;
  readonly redis: RedisOptions;
  readonly sink: StoreSink;
  readonly liveWorkers: () => number;
  readonly log: (event: HubLogEvent) => void;
}

/** The state of a cluster in Redis, for the hub of one host. */
export class RedisStore implements Store {
  readonly kind = 'redis';
  readonly #sink: StoreSink;
  readonly #liveWorkers: () => number;
  readonly #keys: Keys;
  readonly #connection: RedisConnection;
  readonly #leases: RedisLeases;
  readonly #probes: Probes;
  readonly #exchange: HostExchange;
  readonly #outages: OutageLog;
  readonly #unpacker = new Unpacker();
  /** The catalog at hand and the one that Redis has for sure, so that neither is sent without need. */
  #knownCatalog = '';
  #storedCatalog: string | null = null;
  #newest: Snapshot | null = null;
  #control: port.Control = NO_CONTROL;
  #leader: string | null = null;
  #isStale = false;
  #isRefreshing = false;

  constructor(options: RedisStoreOptions) {
    this.#sink = options.sink;
    this.#liveWorkers = options.liveWorkers;
    this.#keys = new Keys(options.redis.name);
    this.#outages = new OutageLog(options.redis, options.log, (health) => this.#sink.health(health));
    this.#connection = new RedisConnection(options.redis, {
      onUp: () => this.#comeBack(),
      onDown: (reason) => this.#outages.start(reason),
    });
    this.#leases = new RedisLeases(this.#connection, this.#keys);
    this.#probes = new Probes(this.#connection, this.#keys);
    this.#exchange = new HostExchange({
      hub: options.self.id,
      redis: options.redis,
      keys: this.#keys,
      connection: this.#connection,
      sink: this.#sink,
      onHeard: (heard, latencyMs) => this.#hear(heard, latencyMs),
      onChanged: () => void this.#refresh(),
    });
  }

  takeLeases(holder: string, asks: readonly port.LeaseAsk[]): Promise<readonly port.LeaseGrant[]> {
    return this.#leases.take(holder, asks, this.#liveWorkers(), LEASE_DEADLINE_MS);
  }

  settleLeases(holder: string, returns: readonly port.LeaseReturn[]): void {
    this.#leases.settle(holder, returns);
  }

  // ── the snapshot and the lead ───────────────────────────────────────────

  async readSnapshot(): Promise<Snapshot | null> {
    const keys = [this.#keys.snapshot, this.#keys.catalog];
    const answer = await this.#run('read snapshot', READ_SNAPSHOT, keys, [this.#knownCatalog]);
    const [head, catalogId, catalog] = answer as string[];
    if (head === undefined || catalogId === undefined) return null;
    const snapshot = this.#unpacker.unpack({
      head: JSON.parse(head) as PackedSnapshot['head'],
      catalogId,
      catalog: catalog ? (JSON.parse(catalog) as Snapshot['catalog']) : null,
    });
    if (snapshot === null) throw new StateError('STATE_PROTOCOL', 'the snapshot in Redis has no catalog');
    this.#knownCatalog = catalogId;
    return snapshot;
  }

  async publishSnapshot(snapshot: Snapshot): Promise<'published' | 'fenced'> {
    let outcome = await this.#publish(packSnapshot(snapshot, this.#storedCatalog));
    if (outcome === 'no-catalog') outcome = await this.#publish(packSnapshot(snapshot, null));
    if (outcome === 'fenced') return 'fenced';
    this.#learnSnapshot(snapshot);
    return 'published';
  }

  async #publish({ head, catalogId, catalog }: PackedSnapshot): Promise<string> {
    const { token, n } = head.version;
    const keys = [this.#keys.snapshot, this.#keys.catalog, this.#keys.lead];
    const json = catalog === null ? '' : JSON.stringify(catalog);
    const message = this.#exchange.messageOf('snapshot', head.version);
    const args = [token, n, JSON.stringify(head), catalogId, json, this.#keys.all, message];
    const outcome = await this.#run('publish snapshot', PUBLISH_SNAPSHOT, keys, args);
    if (outcome === 'published') this.#storedCatalog = catalogId;
    return String(outcome);
  }

  async campaign(by: string, ttlMs: number, newestToken: number): Promise<port.Lead> {
    const known = Math.max(newestToken, this.#newest?.version.token ?? 0);
    const answer = await this.#run('campaign', CAMPAIGN, [this.#keys.lead], [by, ttlMs, known]);
    const [leads, value] = answer as [number, number | string];
    this.#leader = leads === 1 ? by : String(value);
    return leads === 1 ? { leading: true, token: Number(value) } : { leading: false, leader: this.#leader };
  }

  async resign(by: string): Promise<void> {
    await this.#run('resign', RESIGN, [this.#keys.lead], [by]);
    if (this.#leader === by) this.#leader = null;
  }

  leader(): string | null {
    return this.#leader;
  }

  // ── health reports, events, control ─────────────────────────────────────

  reportEjection(ejection: port.Ejection): void {
    this.#sink.ejection(ejection);
    this.#exchange.publish('ejection', ejection);
  }

  acquireProbe(endpointKey: string, ttlMs: number): Promise<boolean> {
    return this.#probes.acquire(endpointKey, ttlMs);
  }

  emitEvent(event: port.StateEvent): void {
    this.#sink.event(event);
    this.#exchange.publish('event', event);
  }

  tellSessions(placements: readonly port.SessionPlacement[]): void {
    this.#exchange.tellSessions(placements);
  }

  async readControl(): Promise<port.Control> {
    const stored = await this.#connection.run('read control', COMMAND_TIMEOUT_MS, (client) =>
      client.hget(this.#keys.control, 'json'),
    );
    const control = stored === null ? NO_CONTROL : (JSON.parse(stored) as port.Control);
    // An emptied Redis has forgotten what this host still knows.
    return control.revision < this.#control.revision ? this.#control : control;
  }

  async changeControl(change: port.ControlChange): Promise<port.Control> {
    for (let attempt = 0; attempt < CHANGE_ATTEMPTS; attempt += 1) {
      const stored = await this.#storedRevision();
      const control = applyControl(await this.readControl(), change, Date.now());
      if (await this.#replaceControl(stored, control)) return control;
    }
    throw new StateError('STATE_UNAVAILABLE', 'too many changes of control at once; try again');
  }

  async #storedRevision(): Promise<number> {
    const revision = await this.#connection.run('read control', COMMAND_TIMEOUT_MS, (client) =>
      client.hget(this.#keys.control, 'revision'),
    );
    return Number(revision ?? 0);
  }

  async #replaceControl(from: number, control: port.Control): Promise<boolean> {
    const message = this.#exchange.messageOf('control', control.revision);
    const args = [from, control.revision, JSON.stringify(control), this.#keys.all, message];
    const isReplaced = (await this.#run('change control', CHANGE_CONTROL, [this.#keys.control], args)) === 1;
    if (isReplaced) this.#learnControl(control);
    return isReplaced;
  }

  // ── other hosts ─────────────────────────────────────────────────────────

  publishHost(report: () => HostReport): void {
    this.#exchange.noteChange(report);
  }

  remoteStatistics(deadlineMs: number): Promise<port.StatisticsReading> {
    return this.#exchange.statistics.read(deadlineMs);
  }

  remoteInstances(): port.LiveInstance[] {
    return this.#exchange.hosts.instances(this.#leader);
  }

  remotePeers(): { readonly gateways: number; readonly workers: number } {
    return this.#exchange.hosts.peers();
  }

  askRemote(question: port.Question, deadlineMs: number): Promise<port.Answers> {
    return this.#exchange.ask(question, deadlineMs);
  }

  // ── connection ──────────────────────────────────────────────────────────

  health(): port.StateHealth {
    return this.#outages.health;
  }

  async close(): Promise<void> {
    await this.#exchange.close();
    this.#outages.close();
    this.#connection.close();
  }

  /** Redis answers, for the first time or again; it may have been emptied meanwhile. */
  #comeBack(): void {
    this.#storedCatalog = null;
    this.#outages.end();
    this.#exchange.tellAll();
    void this.#refresh();
  }

  #hear(heard: Heard, latencyMs: number): void {
    this.#leader = heard.leader;
    this.#outages.noteLatency(latencyMs);
    const known = this.#newest?.version ?? { token: 0, n: 0 };
    const isSame =
      compareVersions(heard.version, known) === 0 && heard.controlRevision === this.#control.revision;
    if (!isSame) void this.#refresh();
  }

  /** Brings this host and Redis to the newer of what each has. One at a time; a failed one is made up by a heartbeat. */
  async #refresh(): Promise<void> {
    this.#isStale = true;
    if (this.#isRefreshing) return;
    this.#isRefreshing = true;
    try {
      while (this.#isStale) {
        this.#isStale = false;
        await this.#reconcile();
      }
    } catch {
      // Away again, or busy: the next heartbeat shows the difference once more.
    } finally {
      this.#isRefreshing = false;
    }
  }

  async #reconcile(): Promise<void> {
    const stored = await this.readSnapshot();
    const newest = this.#newest;
    if (stored !== null && (newest === null || compareVersions(stored.version, newest.version) > 0)) {
      this.#learnSnapshot(stored);
    } else if (newest !== null && (stored === null || compareVersions(stored.version, newest.version) < 0)) {
      await this.publishSnapshot(newest);
    }
    const revision = await this.#storedRevision();
    if (revision > this.#control.revision) this.#learnControl(await this.readControl());
    else if (revision < this.#control.revision) await this.#replaceControl(revision, this.#control);
  }

  #learnSnapshot(snapshot: Snapshot): void {
    if (this.#newest !== null && compareVersions(snapshot.version, this.#newest.version) <= 0) return;
    this.#newest = snapshot;
    this.#sink.snapshot(snapshot);
  }

  #learnControl(control: port.Control): void {
    if (control.revision <= this.#control.revision) return;
    this.#control = control;
    this.#sink.control(control);
  }

  #run(
    what: string,
    script: Parameters<RedisConnection['script']>[2],
    keys: readonly string[],
    args: readonly (string | number)[],
  ): Promise<unknown> {
    return this.#connection.script(what, COMMAND_TIMEOUT_MS, script, keys, args);
  }
}
