import type { EventRecord } from '../event-log.ts';
import { Coalescer } from '../pace/coalescer.ts';
import type { Question, Replies } from '../ports/ask.ts';
import { INSTANCE_TTL_MS, type LiveInstance } from '../ports/directory.ts';
import type { SessionPlacement } from '../ports/sessions.ts';
import type { StatisticsReading } from '../ports/statistics.ts';
import { COMMAND_TIMEOUT_MS } from '../shared-state.ts';
import type { HostReport, OtherHosts, ReportedInstance, StoreSink } from '../store.ts';
import type { RedisConnection } from './connection.ts';
import type { EjectionRecord } from './ejection-record.ts';
import { Heartbeat, type HeartbeatResult } from './heartbeat.ts';
import { HostChannel } from './host-channel.ts';
import type { HostMessageKind, HostMessages, HostUpdate, HostReceivers } from './host-messages.ts';
import { HostTable } from './host-table.ts';
import type { Keys } from './keys.ts';
import type { RedisOptions } from './options.ts';
import { Questions } from './questions.ts';
import { RemoteStatistics } from './remote-statistics.ts';

const HEARTBEAT_MS = 1_000;
/** Other hosts receive a count within 100 ms. */
const LOAD_INTERVAL_MS = 50;
const SESSIONS_INTERVAL_MS = 50;
/** Most placements that wait for their message; of more, only the newest are published. */
const MAX_WAITING_PLACEMENTS = 5_000;
const STATISTICS_INTERVAL_MS = 400;
/** Share of a question's time that is reserved for the way of the reply to the asking host. */
const REPLY_MARGIN = 0.1;
const MIN_REPLY_MARGIN_MS = 20;
const CLOSE_MS = 500;
/** A host that cannot subscribe sends its heartbeats after all once this many are withheld. */
const MAX_WITHHELD_HEARTBEATS = 2;

export interface RedisHostsOptions {
  readonly hub: string;
  readonly redis: RedisOptions;
  readonly keys: Keys;
  readonly connection: RedisConnection;
  readonly sink: StoreSink;
  /** Instance id of the leader, as last known. */
  readonly leader: () => string | null;
  /** After each heartbeat that Redis replied to. */
  readonly onHeartbeatReply: (reply: HeartbeatResult) => void;
  /** Another hub has changed the snapshot or the control. */
  readonly onChanged: () => void;
  readonly onEvent: (record: EventRecord) => void;
  readonly ejections: Pick<EjectionRecord, 'receiveEjection' | 'receiveReadmission'>;
  /** This host has subscribed to the others' messages, for the first time or again. */
  readonly onListening: () => void;
  /** Another host has been silent for too long. Only this host is notified. */
  readonly onLost: (hub: string, instances: readonly ReportedInstance[]) => void;
  /** This host itself was silent for too long, and others may have reported it as lost. */
  readonly onReturned: () => void;
}

/** The exchange with other hosts through Redis. */
export class RedisHosts implements OtherHosts {
  readonly #statistics: RemoteStatistics;
  readonly #table = new HostTable();
  readonly #options: RedisHostsOptions;
  readonly #channel: HostChannel;
  readonly #heartbeat: Heartbeat;
  readonly #questions = new Questions();
  readonly #loadOut = new Coalescer(LOAD_INTERVAL_MS, () => this.#publishLoad());
  readonly #statisticsOut = new Coalescer(STATISTICS_INTERVAL_MS, () => void this.#flushStatistics());
  readonly #sessionsOut = new Coalescer(SESSIONS_INTERVAL_MS, () => this.#publishSessions());
  readonly #timer: NodeJS.Timeout;
  #report: () => HostReport = () => ({ instances: [], inFlight: {}, statistics: [] });
  #placements: SessionPlacement[] = [];
  #publishedLoad = '{}';
  #publishedMembers = '';
  #withheld = 0;
  #upSinceMs = -Infinity;
  #repliedAtMs = -Infinity;

  constructor(options: RedisHostsOptions) {
    this.#options = options;
    const { connection, keys, hub, redis } = options;
    this.#statistics = new RemoteStatistics(connection, keys, hub, this.#table);
    this.#channel = new HostChannel({
      hub,
      redis,
      keys,
      connection,
      receivers: this.#receivers(),
      onListening: () => {
        this.#loadOut.trigger();
        options.onListening();
      },
    });
    this.#heartbeat = new Heartbeat({
      hub,
      keys,
      connection,
      onReply: (reply) => this.#onHeartbeatReply(reply),
    });
    this.#timer = setInterval(() => {
      if (!this.#channel.hasListened && connection.isUp) this.#withheld += 1;
      this.#sendHeartbeat();
      this.#statisticsOut.trigger();
    }, HEARTBEAT_MS);
    this.#timer.unref();
  }

  /** @param report called when the report is sent */
  noteChange(report: () => HostReport): void {
    this.#report = report;
    this.#loadOut.trigger();
    this.#statisticsOut.trigger();
  }

  /** Publishes this host's full report, because Redis may have lost it. */
  publishAll(): void {
    this.#upSinceMs = performance.now();
    this.#table.resetSilence();
    this.#statistics.forget();
    this.#publishedMembers = '';
    this.#loadOut.trigger();
    this.#statisticsOut.trigger();
  }

  /** The text of a message, for scripts that publish. */
  textOf<Kind extends HostMessageKind>(kind: Kind, body: HostMessages[Kind]): string {
    return this.#channel.textOf(kind, body);
  }

  placeSessions(placements: readonly SessionPlacement[]): void {
    this.#placements.push(...placements);
    if (this.#placements.length > MAX_WAITING_PLACEMENTS)
      this.#placements = this.#placements.slice(-MAX_WAITING_PLACEMENTS);
    this.#sessionsOut.trigger();
  }

  readStatistics(deadlineMs: number): Promise<StatisticsReading> {
    return this.#statistics.read(deadlineMs);
  }

  instances(): LiveInstance[] {
    return this.#table.instances(this.#options.leader());
  }

  peers(): { readonly gateways: number; readonly workers: number } {
    return this.#table.peers();
  }

  ask(question: Question, deadlineMs: number): Promise<Replies> {
    return this.#questions.ask({
      hubs: this.#table.ids(),
      question,
      // While Redis is unreachable no host receives the question, so all of them are missing at once.
      deadlineMs: this.#options.connection.isUp ? deadlineMs : 0,
      instancesOf: (hub) => this.#table.instancesOf(hub),
      send: (id) => this.#channel.publish('ask', { id, question, deadlineMs }),
    });
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#loadOut.stop();
    this.#statisticsOut.stop();
    this.#sessionsOut.stop();
    const { connection, keys, hub } = this.#options;
    await this.#flushStatistics(CLOSE_MS);
    this.#channel.publish('leave', null);
    await connection
      .run('leave the cluster', CLOSE_MS, (client) => client.hdel(keys.hosts, hub))
      .catch(() => {
        // Redis is unreachable. The others will miss this host's heartbeats.
      });
    this.#channel.close();
  }

  // ── from other hosts ────────────────────────────────────────────────────

  #receivers(): HostReceivers {
    const { sink, ejections, onChanged, onEvent } = this.#options;
    return {
      update: (update, from) => this.#onUpdate(from, update),
      leave: (_, from) => {
        if (this.#table.forget(from)) this.#notifyMembers();
      },
      snapshot: onChanged,
      control: onChanged,
      ejection: (ejection) => ejections.receiveEjection(ejection),
      readmission: (readmission) => ejections.receiveReadmission(readmission),
      sessions: (placements) => sink.sessions(placements),
      event: onEvent,
      ask: (question, from) => void this.#reply(question, from),
      replies: ({ id, replies }, from) => this.#questions.receive(id, from, replies),
      recall: (key, holder) => sink.recall(key, holder),
    };
  }

  async #reply({ id, question, deadlineMs }: HostMessages['ask'], from: string): Promise<void> {
    const marginMs = Math.max(MIN_REPLY_MARGIN_MS, deadlineMs * REPLY_MARGIN);
    const replies = await this.#options.sink.ask(question, Math.max(1, deadlineMs - marginMs));
    this.#channel.publishTo(from, 'replies', { id, replies });
  }

  #onHeartbeatReply(reply: HeartbeatResult): void {
    const { onHeartbeatReply, onLost, onReturned } = this.#options;
    const living = reply.hosts.filter(({ ageMs }) => ageMs <= INSTANCE_TTL_MS);
    let isChanged = false;
    for (const { hub, update, ageMs } of living) {
      const isNew = !this.#table.has(hub);
      isChanged = this.#table.update(hub, update, ageMs) || isNew || isChanged;
    }
    isChanged = this.#table.keepOnly(new Set(living.map(({ hub }) => hub))) || isChanged;
    if (isChanged) this.#notifyMembers();
    for (const { hub, update, isLost } of reply.hosts) if (isLost) onLost(hub, update.instances ?? []);
    const nowMs = performance.now();
    const wasSilent = nowMs - this.#repliedAtMs > INSTANCE_TTL_MS && this.#repliedAtMs > this.#upSinceMs;
    this.#repliedAtMs = nowMs;
    if (wasSilent) onReturned();
    onHeartbeatReply(reply);
  }

  #onUpdate(hub: string, update: HostUpdate): void {
    this.#table.update(hub, update, 0);
    this.#options.sink.remoteLoad(this.#table.inFlight());
    if (update.instances !== undefined) this.#options.sink.remotePeers();
  }

  #notifyMembers(): void {
    this.#options.sink.remoteLoad(this.#table.inFlight());
    this.#options.sink.remotePeers();
  }

  // ── to other hosts ──────────────────────────────────────────────────────

  /** A host is announced after it has subscribed, so that hosts that know it can rely on it to receive messages. */
  get #isShown(): boolean {
    return this.#channel.hasListened || this.#withheld >= MAX_WITHHELD_HEARTBEATS;
  }

  #sendHeartbeat(): void {
    if (!this.#isShown) return;
    // After an outage no host counts as lost before each has had the time to send a heartbeat.
    const isRecovering = performance.now() - this.#upSinceMs < INSTANCE_TTL_MS;
    void this.#heartbeat.send(this.#report(), isRecovering ? Number.MAX_SAFE_INTEGER : INSTANCE_TTL_MS);
  }

  #publishLoad(): void {
    const { inFlight, instances } = this.#report();
    const members = instances.map(({ id }) => id).join();
    const load = JSON.stringify(inFlight);
    if (!this.#options.connection.isUp || !this.#isShown) return;
    if (members !== this.#publishedMembers) {
      this.#publishedMembers = members;
      this.#channel.publish('update', { seq: this.#heartbeat.nextSeq(), inFlight, instances });
      this.#sendHeartbeat();
    } else if (load !== this.#publishedLoad) {
      this.#channel.publish('update', { seq: this.#heartbeat.nextSeq(), inFlight });
    }
    this.#publishedLoad = load;
  }

  #publishSessions(): void {
    const placements = this.#placements;
    this.#placements = [];
    this.#channel.publish('sessions', placements);
  }

  async #flushStatistics(deadlineMs = COMMAND_TIMEOUT_MS): Promise<void> {
    if (!this.#options.connection.isUp) return;
    try {
      await this.#statistics.flush(this.#report(), deadlineMs);
    } catch {
      // The figures are kept for the next flush.
    }
  }
}
