import type { Instance } from '@olla/core/instance';
import { compareVersions } from '@olla/core/snapshot';
import type { Snapshot } from '@olla/core/snapshot';
import { INSTANCE_TTL_MS } from '../port.ts';
import type * as port from '../port.ts';
import type { HostReport, Store, StoreSink } from '../store.ts';
import { localChannel } from './channel.ts';
import type { IpcChannel } from './channel.ts';
import { ChannelState } from './channel-state.ts';
import { DeadShares } from './dead-shares.ts';
import { HubRequests } from './hub-requests.ts';
import { InFlightSums } from './in-flight-sums.ts';
import { Member } from './member.ts';
import { catalogIdOf, isStateMessage, packSnapshot, Unpacker } from './protocol.ts';
import type { PackedSnapshot, ToHub, Topic } from './protocol.ts';

/** Passes the shared state between the processes of one host and their store. */
export class StateHub implements StoreSink {
  readonly sums = new InFlightSums(() => this.#members.values());
  readonly dead = new DeadShares();
  readonly #self: Instance;
  readonly #members = new Map<IpcChannel, Member>();
  readonly #own = localChannel();
  /** Catalogs as agents send them; one at a time leads, so one is enough to remember. */
  readonly #unpacker = new Unpacker();
  #requests: HubRequests | null = null;
  #store: Store | null = null;
  #state: ChannelState | null = null;
  #newest: Snapshot | null = null;
  #control: port.Control | null = null;

  readonly #reportHost = (): HostReport => ({
    instances: this.members()
      .filter((member) => this.isAlive(member))
      .map(({ instance, lastSeenMs }) => ({
        ...instance,
        ageMs: Math.round(performance.now() - lastSeenMs),
      })),
    inFlight: this.sums.own(),
    statistics: [
      ...this.dead.all(),
      ...this.members().flatMap(({ instance: { id, gateway, host }, statistics }) =>
        statistics === null ? [] : [{ instance: id, gateway, host, alive: true, statistics }],
      ),
    ],
  });

  constructor(self: Instance) {
    this.#self = self;
  }

  start(store: Store): void {
    this.#store = store;
    this.#requests = new HubRequests(this, store);
    this.attach(this.#own.parent, this.#self);
    this.#state = new ChannelState({
      self: this.#self,
      kind: store.kind,
      channel: this.#own.child,
      leases: null,
      onClose: () => this.#end(),
    });
  }

  get state(): port.SharedState {
    if (this.#state === null) throw new Error('the hub was not started');
    return this.#state;
  }

  attach(child: IpcChannel, instance: Instance): void {
    const member = new Member(instance, child, (behind, topic) => this.sendNewest(behind, topic));
    this.#members.set(child, member);
    const onMessage = (message: unknown): void => this.#receive(member, message);
    const onGone = (): void => {
      child.off('message', onMessage);
      child.off('disconnect', onGone);
      child.off('exit', onGone);
      this.detach(member);
    };
    child.on('message', onMessage);
    child.on('disconnect', onGone);
    child.on('exit', onGone);
    this.remotePeers();
    this.noteChange();
  }

  /** What a member was part of goes with it; what it had counted stays. */
  detach(member: Member): void {
    if (!this.has(member)) return;
    this.#members.delete(member.channel);
    member.end();
    this.sums.remove(member);
    if (member.statistics !== null) {
      const { id, gateway, host } = member.instance;
      this.dead.add({ instance: id, gateway, host, alive: false, ageMs: 0, statistics: member.statistics });
    }
    void Promise.resolve(this.#store?.resign(member.instance.id)).catch(() => {
      // The store is away: the lead ends with its time.
    });
    this.remotePeers();
    this.noteChange();
  }

  close(): Promise<void> {
    return this.state.close();
  }

  async #end(): Promise<void> {
    this.sums.stop();
    this.#requests?.close();
    this.#own.close();
    for (const member of this.members()) member.end();
    this.#members.clear();
    await this.#store?.close();
  }

  members(): Member[] {
    return [...this.#members.values()];
  }

  has(member: Member): boolean {
    return this.#members.get(member.channel) === member;
  }

  newestSnapshot(): Snapshot | null {
    return this.#newest;
  }

  knownControl(): port.Control | null {
    return this.#control;
  }

  /** Something that other hosts are told has changed. */
  noteChange(): void {
    this.#store?.publishHost(this.#reportHost);
  }

  peers(): port.Peers {
    const remote = this.#store?.remotePeers() ?? { gateways: 0, workers: 0 };
    const workers = this.members().filter(({ instance }) => instance.role === 'worker').length;
    return { gateways: 1 + remote.gateways, workers: Math.max(1, workers + remote.workers) };
  }

  isAlive(member: Member): boolean {
    return performance.now() - member.lastSeenMs <= INSTANCE_TTL_MS;
  }

  unpack(packed: PackedSnapshot): Snapshot | null {
    return this.#unpacker.unpack(packed);
  }

  packFor(member: Member, snapshot: Snapshot): PackedSnapshot {
    const packed = packSnapshot(snapshot, member.catalogId);
    member.catalogId = packed.catalogId;
    return packed;
  }

  /** Sends what a topic is now, to a member that has just subscribed or missed a push. */
  sendNewest(member: Member, topic: Topic): void {
    if (topic === 'inFlight') this.sums.sendAll(member);
    else if (topic === 'snapshot') this.#sendSnapshot(member);
    else if (topic === 'control' && this.#control !== null) member.push('control', this.#control);
    else if (topic === 'peers') member.push('peers', this.peers());
    else if (topic === 'health' && this.#store !== null) member.push('health', this.#store.health());
  }

  // ── told by the store ───────────────────────────────────────────────────

  snapshot(snapshot: Snapshot): void {
    if (this.#newest !== null && compareVersions(snapshot.version, this.#newest.version) <= 0) return;
    this.#newest = snapshot;
    for (const member of this.members()) this.#sendSnapshot(member);
  }

  control(control: port.Control): void {
    if (this.#control !== null && control.revision <= this.#control.revision) return;
    this.#control = control;
    this.#broadcast('control', control);
  }

  ejection(ejection: port.Ejection): void {
    this.#broadcast('ejection', ejection);
  }

  sessions(placements: readonly port.SessionPlacement[], except?: Member): void {
    for (const member of this.members())
      if (member !== except && member.topics.has('sessions')) member.push('sessions', placements);
  }

  event(event: port.StateEvent): void {
    this.#broadcast('event', event);
  }

  recall(key: string, exceptHolder: string): void {
    for (const member of this.members()) {
      if (member.topics.has('recall') && member.instance.id !== exceptHolder) member.push('recall', key);
    }
  }

  health(health: port.StateHealth): void {
    for (const member of this.members()) member.push('health', health);
  }

  remoteInFlight(counts: ReadonlyMap<string, number>): void {
    this.sums.updateRemote(counts);
  }

  remotePeers(): void {
    const peers = this.peers();
    for (const member of this.members()) member.push('peers', peers);
  }

  ask(question: port.Question, deadlineMs: number): Promise<port.Answers> {
    return this.#requests?.askMembers(question, deadlineMs) ?? Promise.resolve({ answers: [], missing: [] });
  }

  // ── told by members ─────────────────────────────────────────────────────

  #receive(member: Member, raw: unknown): void {
    if (!isStateMessage(raw) || !this.has(member)) return;
    member.lastSeenMs = performance.now();
    const message = raw as ToHub;
    if (message.t === 'hello') {
      member.instance = message.instance;
      this.remotePeers();
      if (this.#store !== null && this.#store.kind === 'redis') this.sendNewest(member, 'health');
    } else if (message.t === 'answer') member.receiveAnswer(message.id, message.outcome);
    else if (message.t === 'cast') this.#requests?.receiveCast(member, message.op, message.body);
    else if (message.t === 'request') {
      void this.#requests?.receiveRequest(member, message.id, message.op, message.body);
    }
  }

  #sendSnapshot(member: Member): void {
    if (!member.topics.has('snapshot') || this.#newest === null) return;
    const packed = packSnapshot(this.#newest, member.catalogId);
    if (member.push('snapshot', packed)) member.catalogId = catalogIdOf(this.#newest);
  }

  #broadcast(topic: Topic, body: unknown): void {
    for (const member of this.members()) if (member.topics.has(topic)) member.push(topic, body);
  }
}
