import type { Instance } from '@olla/core/instance';
import type { Snapshot } from '@olla/core/snapshot';
import type { WorkerStatistics } from '@olla/core/statistics';
import type { Listeners } from '../listeners.ts';
import { COMMAND_TIMEOUT_MS, StateError } from '../port.ts';
import type * as port from '../port.ts';
import { Outbox } from './channel.ts';
import type { IpcChannel } from './channel.ts';
import { catalogIdOf, isStateMessage, MARK, packSnapshot, STATISTICS_KIND } from './protocol.ts';
import type { AnswerOutcome, AskedQuestion, PackedSnapshot, ToHub, ToMember, Topic } from './protocol.ts';
import { Inbox } from './inbox.ts';
import { Reports } from './reports.ts';
import { Requests } from './requests.ts';

const HEARTBEAT_MS = 1_000;
/** What a partial answer may need from the hub to here after its deadline. */
const REPLY_GRACE_MS = 250;
const GOODBYE_MS = 500;

/** Leases taken past the hub: straight from Redis. */
export interface DirectLeases {
  take(asks: readonly port.LeaseAsk[], deadlineMs: number): Promise<readonly port.LeaseGrant[]>;
  settle(returns: readonly port.LeaseReturn[]): void;
  /** The hub has reached Redis again. */
  hurry(): void;
  close(): Promise<void>;
}

export interface ChannelStateOptions {
  readonly self: Instance;
  readonly kind: port.SharedState['kind'];
  readonly channel: IpcChannel;
  readonly leases: DirectLeases | null;
  /** What ends with it. */
  readonly onClose?: () => Promise<void>;
}

/** The shared state as a member of a hub has it: all goes over one IPC channel to the gateway's primary. */
export class ChannelState implements port.SharedState {
  readonly kind: port.SharedState['kind'];
  readonly self: Instance;
  readonly #channel: IpcChannel;
  readonly #leases: DirectLeases | null;
  readonly #onClose: (() => Promise<void>) | undefined;
  readonly #outbox: Outbox;
  readonly #requests = new Requests();
  readonly #inbox = new Inbox();
  readonly #reports = new Reports((op, body) => this.#cast(op, body));
  readonly #subscribed = new Set<Topic>();
  readonly #answers = new Map<string, (question: port.Question) => unknown>();
  readonly #heartbeat: NodeJS.Timeout;
  readonly #onMessage = (message: unknown): void => this.#receive(message);
  readonly #onDisconnect = (): void => this.#lose();
  #statisticsProvider: (() => WorkerStatistics) | null = null;
  #hubCatalog: string | null = null;
  #attached = true;
  #isHubSilent = false;
  #closed = false;
  #closing: Promise<void> | null = null;

  constructor(options: ChannelStateOptions) {
    this.kind = options.kind;
    this.self = options.self;
    this.#channel = options.channel;
    this.#leases = options.leases;
    this.#onClose = options.onClose;
    this.#outbox = new Outbox(this.#channel, () => this.#reports.resume());
    this.#inbox.topics.health.add(({ connected }) => {
      if (connected) this.#leases?.hurry();
    });
    this.#channel.on('message', this.#onMessage);
    this.#channel.on('disconnect', this.#onDisconnect);
    this.#send({ olla: MARK, t: 'hello', instance: this.self });
    this.#heartbeat = setInterval(() => void this.#beat(), HEARTBEAT_MS);
    this.#heartbeat.unref();
  }

  // ── limit leases ────────────────────────────────────────────────────────

  takeLeases(asks: readonly port.LeaseAsk[], deadlineMs: number): Promise<readonly port.LeaseGrant[]> {
    if (this.#leases !== null) {
      return this.#closed ? this.#rejectClosed('takeLeases') : this.#leases.take(asks, deadlineMs);
    }
    return this.#askHubForLeases('takeLeases', asks, deadlineMs);
  }

  settleLeases(returns: readonly port.LeaseReturn[]): void {
    if (this.#leases !== null) this.#leases.settle(returns);
    else this.#cast('settleLeases', returns);
  }

  onRecall(listener: (key: string) => void): port.Unsubscribe {
    return this.#subscribe('recall', this.#inbox.topics.recall, listener);
  }

  takeLocalLeases(asks: readonly port.LeaseAsk[], deadlineMs: number): Promise<readonly port.LeaseGrant[]> {
    return this.#askHubForLeases('takeLocalLeases', asks, deadlineMs);
  }

  /** Once the hub has missed a deadline, nobody waits for it again until it says something. */
  async #askHubForLeases(
    op: string,
    asks: readonly port.LeaseAsk[],
    deadlineMs: number,
  ): Promise<readonly port.LeaseGrant[]> {
    if (this.#isHubSilent && !this.#closed) {
      throw new StateError('STATE_UNAVAILABLE', `${op}: the gateway's primary does not answer`);
    }
    try {
      return await this.#request<readonly port.LeaseGrant[]>(op, asks, deadlineMs);
    } catch (error) {
      if (error instanceof StateError && error.code === 'STATE_TIMEOUT') this.#isHubSilent = true;
      throw error;
    }
  }

  peers(): port.Peers {
    return this.#inbox.peers;
  }

  // ── the snapshot and the lead ───────────────────────────────────────────

  async readSnapshot(): Promise<Snapshot | null> {
    const packed = await this.#request<PackedSnapshot | null>('readSnapshot', null);
    if (packed === null) return null;
    const snapshot = this.#inbox.unpack(packed);
    if (snapshot === null) throw new StateError('STATE_PROTOCOL', 'a snapshot came without its catalog');
    return snapshot;
  }

  onSnapshot(listener: (snapshot: Snapshot) => void): port.Unsubscribe {
    return this.#subscribe('snapshot', this.#inbox.topics.snapshot, listener);
  }

  async publishSnapshot(snapshot: Snapshot): Promise<'published' | 'fenced'> {
    let outcome = await this.#publish(packSnapshot(snapshot, this.#hubCatalog));
    if (outcome === 'no-catalog') outcome = await this.#publish(packSnapshot(snapshot, null));
    if (outcome === 'no-catalog')
      throw new StateError('STATE_PROTOCOL', 'the hub lost the catalog just sent');
    if (outcome === 'published') this.#hubCatalog = catalogIdOf(snapshot);
    return outcome;
  }

  #publish(packed: PackedSnapshot): Promise<'published' | 'fenced' | 'no-catalog'> {
    return this.#request<'published' | 'fenced' | 'no-catalog'>('publishSnapshot', packed);
  }

  campaign(ttlMs: number, newestToken: number): Promise<port.Lead> {
    return this.#request<port.Lead>('campaign', { ttlMs, newestToken });
  }

  async resign(): Promise<void> {
    await this.#request('resign', null);
  }

  // ── health reports ──────────────────────────────────────────────────────

  reportEjection(ejection: port.Ejection): void {
    this.#cast('reportEjection', ejection);
  }

  onEjection(listener: (ejection: port.Ejection) => void): port.Unsubscribe {
    return this.#subscribe('ejection', this.#inbox.topics.ejection, listener);
  }

  acquireProbe(endpointKey: string, ttlMs: number): Promise<boolean> {
    return this.#request<boolean>('acquireProbe', { endpointKey, ttlMs });
  }

  // ── sessions ────────────────────────────────────────────────────────────

  tellSessions(placements: readonly port.SessionPlacement[]): void {
    this.#cast('tellSessions', placements);
  }

  onSessions(listener: (placements: readonly port.SessionPlacement[]) => void): port.Unsubscribe {
    return this.#subscribe('sessions', this.#inbox.topics.sessions, listener);
  }

  // ── in-flight counts and statistics ─────────────────────────────────────

  publishInFlight(counts: ReadonlyMap<string, number>): void {
    if (!this.#closed) this.#reports.publishInFlight(counts);
  }

  onInFlight(listener: (others: ReadonlyMap<string, number>) => void): port.Unsubscribe {
    return this.#subscribe('inFlight', this.#inbox.topics.inFlight, listener);
  }

  publishStatistics(statistics: WorkerStatistics): void {
    if (!this.#closed) this.#reports.publishStatistics(statistics);
  }

  readStatistics(deadlineMs: number): Promise<port.StatisticsReading> {
    return this.#request<port.StatisticsReading>('readStatistics', deadlineMs, deadlineMs + REPLY_GRACE_MS);
  }

  provideStatistics(provider: () => WorkerStatistics): void {
    this.#statisticsProvider = provider;
  }

  // ── instances, ask and events, control ──────────────────────────────────

  readInstances(): Promise<readonly port.LiveInstance[]> {
    return this.#request<readonly port.LiveInstance[]>('readInstances', null);
  }

  ask(question: port.Question, deadlineMs: number): Promise<port.Answers> {
    return this.#request<port.Answers>('ask', { question, deadlineMs }, deadlineMs + REPLY_GRACE_MS);
  }

  onAsk(kind: string, answer: (question: port.Question) => unknown): port.Unsubscribe {
    this.#answers.set(kind, answer);
    return () => {
      if (this.#answers.get(kind) === answer) this.#answers.delete(kind);
    };
  }

  emitEvent(event: port.StateEvent): void {
    this.#cast('emitEvent', event);
  }

  onEvent(listener: (event: port.StateEvent) => void): port.Unsubscribe {
    return this.#subscribe('event', this.#inbox.topics.event, listener);
  }

  changeControl(change: port.ControlChange): Promise<port.Control> {
    return this.#request<port.Control>('changeControl', change);
  }

  readControl(): Promise<port.Control> {
    return this.#request<port.Control>('readControl', null);
  }

  onControl(listener: (control: port.Control) => void): port.Unsubscribe {
    return this.#subscribe('control', this.#inbox.topics.control, listener);
  }

  // ── connection ──────────────────────────────────────────────────────────

  health(): port.StateHealth {
    return this.#inbox.health;
  }

  onHealth(listener: (health: port.StateHealth) => void): port.Unsubscribe {
    return this.#inbox.topics.health.add(listener);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#reports.stop();
    clearInterval(this.#heartbeat);
    if (this.#statisticsProvider !== null) this.#reports.statistics = this.#statisticsProvider();
    this.#reports.sendStatistics();
    if (this.#attached) {
      await this.#request('goodbye', null, GOODBYE_MS).catch(() => {
        // The hub is gone or hung: it learns of this process's end from the channel.
      });
    }
    this.#closed = true;
    this.#channel.off('message', this.#onMessage);
    this.#channel.off('disconnect', this.#onDisconnect);
    this.#requests.failAll(new StateError('STATE_CLOSED', 'the shared state was closed'));
    await this.#leases?.close();
    await this.#onClose?.();
  }

  // ── the channel ─────────────────────────────────────────────────────────

  #send(message: ToHub): boolean {
    return !this.#closed && this.#outbox.send(message);
  }

  #cast(op: string, body: unknown): boolean {
    return this.#send({ olla: MARK, t: 'cast', op, body });
  }

  #request<T>(op: string, body: unknown, deadlineMs = COMMAND_TIMEOUT_MS): Promise<T> {
    if (this.#closed)
      return Promise.reject(new StateError('STATE_CLOSED', `${op}: the shared state was closed`));
    return this.#requests.start(op, deadlineMs, (id) =>
      this.#send({ olla: MARK, t: 'request', id, op, body }),
    ) as Promise<T>;
  }

  #rejectClosed(op: string): Promise<never> {
    return Promise.reject(new StateError('STATE_CLOSED', `${op}: the shared state was closed`));
  }

  #subscribe<T>(topic: Topic, listeners: Listeners<T>, listener: (value: T) => void): port.Unsubscribe {
    const unsubscribe = listeners.add(listener);
    if (!this.#subscribed.has(topic)) {
      this.#subscribed.add(topic);
      this.#cast('subscribe', topic);
    }
    return unsubscribe;
  }

  async #beat(): Promise<void> {
    const startedMs = performance.now();
    try {
      await this.#request(
        'beat',
        { version: this.#inbox.newest, control: this.#inbox.controlRevision },
        HEARTBEAT_MS,
      );
      if (this.kind === 'memory') {
        this.#inbox.health = { ...this.#inbox.health, latencyMs: performance.now() - startedMs };
      }
    } catch {
      // A hub that does not answer is no outage yet: a busy primary answers later, a dead one disconnects.
    }
  }

  #lose(): void {
    this.#attached = false;
    this.#requests.failAll(new StateError('STATE_UNAVAILABLE', "the gateway's primary has gone"));
    const { health } = this.#inbox;
    if (!health.connected) return;
    this.#inbox.changeHealth({
      ...health,
      connected: false,
      since: Date.now(),
      outages: health.outages + 1,
      detail: "the gateway's primary has gone",
    });
  }

  #receive(raw: unknown): void {
    if (!isStateMessage(raw)) return;
    this.#isHubSilent = false;
    const message = raw as ToMember;
    if (message.t === 'reply') this.#requests.succeed(message.id, message.value);
    else if (message.t === 'failed') {
      this.#requests.fail(message.id, new StateError(message.code, message.message));
    } else if (message.t === 'push') this.#inbox.receive(message.topic, message.body);
    else if (message.t === 'ask') void this.#answer(message.id, message.question);
  }

  async #answer(id: number, question: AskedQuestion): Promise<void> {
    let outcome: AnswerOutcome;
    try {
      const answer = await this.#answerTo(question);
      outcome =
        answer === null || answer === undefined ? { has: false, failed: false } : { has: true, answer };
    } catch {
      // The asker sees this process among the missing; its fault is not the asker's.
      outcome = { has: false, failed: true };
    }
    this.#send({ olla: MARK, t: 'answer', id, outcome });
  }

  #answerTo(question: AskedQuestion): unknown {
    if (question.kind === STATISTICS_KIND) return this.#statisticsProvider?.() ?? this.#reports.statistics;
    return this.#answers.get(question.kind)?.(question);
  }
}
