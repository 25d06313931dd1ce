import { compareVersions, type Snapshot } from '@olla/core/snapshot';
import type { IpcChannel } from '../channel/ipc-channel.ts';
import type { Question, Replies } from '../ports/ask.ts';
import type { Control } from '../ports/control.ts';
import { INSTANCE_TTL_MS, type Peers } from '../ports/directory.ts';
import type { Ejection, Readmission } from '../ports/ejections.ts';
import type { ClusterEvent } from '../ports/events.ts';
import type { StateHealth } from '../ports/health.ts';
import type { SessionPlacement } from '../ports/sessions.ts';
import type { BodyOf, PushName } from '../protocol/operations.ts';
import { catalogIdOf, packSnapshot } from '../protocol/packed-snapshot.ts';
import type { HostReport, Store, StoreSink } from '../store.ts';
import { EndedWorkers } from './ended-workers.ts';
import { LoadSums } from './load-sums.ts';
import type { Member } from './member.ts';
import { askMembers } from './member-queries.ts';

/** The state that the hub of a host keeps, and the pushes of its changes to the members. */
export class HostState implements StoreSink {
  readonly sums = new LoadSums(() => this.#members.values());
  readonly ended = new EndedWorkers();
  readonly #members = new Map<IpcChannel, Member>();
  #store: Store | null = null;
  #newest: Snapshot | null = null;
  #control: Control | null = null;

  readonly #report = (): HostReport => ({
    instances: this.members()
      .filter((member) => this.isAlive(member))
      .map(({ instance, lastSeenMs }) => ({
        ...instance,
        ageMs: Math.round(performance.now() - lastSeenMs),
      })),
    inFlight: this.sums.own(),
    statistics: [
      ...this.ended.all(),
      ...this.members().flatMap(({ instance: { id, gateway, host }, statistics }) =>
        statistics === null ? [] : [{ instance: id, gateway, host, alive: true, statistics }],
      ),
    ],
  });

  /** Sends the current value of each subscription. Subscriptions to events have none. */
  readonly #senders: { readonly [Name in PushName]: (member: Member) => void } = {
    'snapshots.newest': (member) => this.#sendSnapshot(member),
    'ejections.ejected': (member) => {
      for (const one of this.#store?.ejections.ejected() ?? []) member.push('ejections.ejected', one);
    },
    'ejections.readmitted': (member) => {
      for (const one of this.#store?.ejections.readmitted() ?? []) member.push('ejections.readmitted', one);
    },
    'load.others': (member) => this.sums.sendAll(member),
    'directory.peers': (member) => member.push('directory.peers', this.peers()),
    'control.newest': (member) => {
      if (this.#control !== null) member.push('control.newest', this.#control);
    },
    'health.changed': (member) => {
      if (this.#store !== null) member.push('health.changed', this.#store.health());
    },
    'leases.recall': () => {},
    'sessions.placed': () => {},
    'events.event': () => {},
  };

  /** Sets the store. */
  use(store: Store): void {
    this.#store = store;
  }

  // ── members ─────────────────────────────────────────────────────────────

  add(member: Member): void {
    this.#members.set(member.channel, member);
    this.remotePeers();
    this.noteChange();
  }

  /** Removes a member and its requests in flight. Its counters stay in the sums. */
  remove(member: Member): void {
    this.#members.delete(member.channel);
    member.end();
    this.sums.remove(member);
    if (member.statistics !== null) {
      const { id, gateway, host } = member.instance;
      this.ended.add({ instance: id, gateway, host, alive: false, ageMs: 0, statistics: member.statistics });
    }
    this.remotePeers();
    this.noteChange();
  }

  members(): Member[] {
    return [...this.#members.values()];
  }

  has(member: Member): boolean {
    return this.#members.get(member.channel) === member;
  }

  isAlive(member: Member): boolean {
    return performance.now() - member.lastSeenMs <= INSTANCE_TTL_MS;
  }

  peers(): Peers {
    const remote = this.#store?.otherHosts.peers() ?? { gateways: 0, workers: 0 };
    const workers = this.members().filter(({ instance }) => instance.role === 'worker').length;
    return { gateways: 1 + remote.gateways, workers: Math.max(1, workers + remote.workers) };
  }

  /** Notes a change of this host's report, which the store then publishes to other hosts. */
  noteChange(): void {
    this.#store?.otherHosts.noteChange(this.#report);
  }

  close(): void {
    this.sums.stop();
    for (const member of this.members()) member.end();
    this.#members.clear();
  }

  // ── current state ───────────────────────────────────────────────────────

  get newestSnapshot(): Snapshot | null {
    return this.#newest;
  }

  get knownControl(): Control | null {
    return this.#control;
  }

  /** Sends the current value to a member that has just subscribed or has missed a push. */
  sendNewest(member: Member, name: PushName): void {
    this.#senders[name](member);
  }

  // ── changes from the store ──────────────────────────────────────────────

  snapshot(snapshot: Snapshot): void {
    if (this.#newest !== null && compareVersions(snapshot.version, this.#newest.version) <= 0) return;
    this.#newest = snapshot;
    for (const member of this.members()) this.#sendSnapshot(member);
  }

  control(control: Control): void {
    if (this.#control !== null && control.revision <= this.#control.revision) return;
    this.#control = control;
    this.#broadcast('control.newest', control);
  }

  ejection(ejection: Ejection): void {
    this.#broadcast('ejections.ejected', ejection);
  }

  readmission(readmission: Readmission): void {
    this.#broadcast('ejections.readmitted', readmission);
  }

  /** @param except the member that placed them */
  sessions(placements: readonly SessionPlacement[], except?: Member): void {
    this.#broadcast('sessions.placed', placements, (member) => member !== except);
  }

  event(event: ClusterEvent): void {
    this.#broadcast('events.event', event);
  }

  recall(key: string, exceptHolder: string): void {
    this.#broadcast('leases.recall', key, ({ instance }) => instance.id !== exceptHolder);
  }

  health(health: StateHealth): void {
    for (const member of this.members()) member.push('health.changed', health);
  }

  remoteLoad(counts: ReadonlyMap<string, number>): void {
    this.sums.updateRemote(counts);
  }

  remotePeers(): void {
    const peers = this.peers();
    for (const member of this.members()) member.push('directory.peers', peers);
  }

  ask(question: Question, deadlineMs: number): Promise<Replies> {
    return askMembers(this.members(), question, deadlineMs);
  }

  #sendSnapshot(member: Member): void {
    if (!member.subscriptions.has('snapshots.newest') || this.#newest === null) return;
    const packed = packSnapshot(this.#newest, member.catalogId);
    if (member.push('snapshots.newest', packed)) member.catalogId = catalogIdOf(this.#newest);
  }

  #broadcast<Name extends PushName>(
    name: Name,
    body: BodyOf<Name>,
    isMeant: (member: Member) => boolean = () => true,
  ): void {
    for (const member of this.members()) {
      if (member.subscriptions.has(name) && isMeant(member)) member.push(name, body);
    }
  }
}
