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
import { Heartbeat, type Heard } from './heartbeat.ts';
import { HostChannel } from './host-channel.ts';
import type { HostMessageKind, HostMessages, HostNews, HostReceivers } from './host-messages.ts';
import { HostTable } from './host-table.ts';
import type { Keys } from './keys.ts';
import type { RedisOptions } from './options.ts';
import { Questions } from './questions.ts';
import { RemoteStatistics } from './remote-statistics.ts';

const HEARTBEAT_MS = 1_000;
/** Other hosts see a count within 100 ms. */
const LOAD_INTERVAL_MS = 50;
const SESSIONS_INTERVAL_MS = 50;
/** Placements that wait for their message; a host that places more tells the newest only. */
const MAX_WAITING_PLACEMENTS = 5_000;
const STATISTICS_INTERVAL_MS = 400;
/** Replies to a question from another host leave so much of its time before the end, to arrive there in time. */
const REPLY_MARGIN = 0.1;
const MIN_REPLY_MARGIN_MS = 20;
const GOODBYE_MS = 500;
/** A host that cannot listen shows itself to the others all the same after so many heartbeats. */
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
  readonly onHeard: (heard: Heard) => void;
  /** Another hub changed the snapshot or the control. */
  readonly onChanged: () => void;
  readonly onEvent: (record: EventRecord) => void;
  readonly ejections: Pick<EjectionRecord, 'learnEjection' | 'learnReadmission'>;
  /** This host has begun to hear the others, for the first time or again. */
  readonly onListening: () => void;
  /** Another host has been silent too long; no other host is told so. */
  readonly onLost: (hub: string, instances: readonly ReportedInstance[]) => void;
  /** This host itself has been silent too long, and the others may have been told that it is lost. */
  readonly onReturned: () => void;
}

/** What this host tells the other hosts through Redis, and what they tell. */
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
  #toldLoad = '{}';
  #toldMembers = '';
  #withheld = 0;
  #upSinceMs = -Infinity;
  #heardAtMs = -Infinity;

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
    this.#heartbeat = new Heartbeat({ hub, keys, connection, onHeard: (heard) => this.#hear(heard) });
    this.#timer = setInterval(() => {
      if (!this.#channel.hasListened && connection.isUp) this.#withheld += 1;
      this.#sendHeartbeat();
      this.#statisticsOut.trigger();
    }, HEARTBEAT_MS);
    this.#timer.unref();
  }

  /** @param report called when something is sent */
  noteChange(report: () => HostReport): void {
    this.#report = report;
    this.#loadOut.trigger();
    this.#statisticsOut.trigger();
  }

  /** Tells all that this host has: Redis may have lost what it was told before. */
  tellAll(): void {
    this.#upSinceMs = performance.now();
    this.#table.excuseAll();
    this.#statistics.forget();
    this.#toldMembers = '';
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
      // With Redis away nobody hears the question: who would have been asked is missing at once.
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
    await this.#flushStatistics(GOODBYE_MS);
    this.#channel.publish('bye', null);
    await connection
      .run('say goodbye', GOODBYE_MS, (client) => client.hdel(keys.hosts, hub))
      .catch(() => {
        // Away: the others miss this host's heartbeats.
      });
    this.#channel.close();
  }

  // ── told by other hosts ─────────────────────────────────────────────────

  #receivers(): HostReceivers {
    const { sink, ejections, onChanged, onEvent } = this.#options;
    return {
      news: (news, from) => this.#learn(from, news),
      bye: (_, from) => {
        if (this.#table.forget(from)) this.#tellHosts();
      },
      snapshot: onChanged,
      control: onChanged,
      ejection: (ejection) => ejections.learnEjection(ejection),
      readmission: (readmission) => ejections.learnReadmission(readmission),
      sessions: (placements) => sink.sessions(placements),
      event: onEvent,
      ask: (asked, from) => void this.#reply(asked, from),
      replies: ({ id, replies }, from) => this.#questions.receive(id, from, replies),
      recall: (key, holder) => sink.recall(key, holder),
    };
  }

  async #reply({ id, question, deadlineMs }: HostMessages['ask'], from: string): Promise<void> {
    const marginMs = Math.max(MIN_REPLY_MARGIN_MS, deadlineMs * REPLY_MARGIN);
    const replies = await this.#options.sink.ask(question, Math.max(1, deadlineMs - marginMs));
    this.#channel.publishTo(from, 'replies', { id, replies });
  }

  #hear(heard: Heard): void {
    const { onHeard, onLost, onReturned } = this.#options;
    const living = heard.hosts.filter(({ ageMs }) => ageMs <= INSTANCE_TTL_MS);
    let isChanged = false;
    for (const { hub, news, ageMs } of living) {
      const isNew = !this.#table.has(hub);
      isChanged = this.#table.learn(hub, news, ageMs) || isNew || isChanged;
    }
    isChanged = this.#table.keepOnly(new Set(living.map(({ hub }) => hub))) || isChanged;
    if (isChanged) this.#tellHosts();
    for (const { hub, news, isLost } of heard.hosts) if (isLost) onLost(hub, news.instances ?? []);
    const nowMs = performance.now();
    const wasSilent = nowMs - this.#heardAtMs > INSTANCE_TTL_MS && this.#heardAtMs > this.#upSinceMs;
    this.#heardAtMs = nowMs;
    if (wasSilent) onReturned();
    onHeard(heard);
  }

  #learn(hub: string, news: HostNews): void {
    this.#table.learn(hub, news, 0);
    this.#options.sink.remoteLoad(this.#table.inFlight());
    if (news.instances !== undefined) this.#options.sink.remotePeers();
  }

  #tellHosts(): void {
    this.#options.sink.remoteLoad(this.#table.inFlight());
    this.#options.sink.remotePeers();
  }

  // ── told to other hosts ─────────────────────────────────────────────────

  /** Hidden until it hears the others, so that who knows of a host can rely on being heard by it. */
  get #isShown(): boolean {
    return this.#channel.hasListened || this.#withheld >= MAX_WITHHELD_HEARTBEATS;
  }

  #sendHeartbeat(): void {
    if (!this.#isShown) return;
    // After an outage nobody is taken for lost before everyone has had the time to be heard again.
    const isRecovering = performance.now() - this.#upSinceMs < INSTANCE_TTL_MS;
    void this.#heartbeat.send(this.#report(), isRecovering ? Number.MAX_SAFE_INTEGER : INSTANCE_TTL_MS);
  }

  #publishLoad(): void {
    const { inFlight, instances } = this.#report();
    const members = instances.map(({ id }) => id).join();
    const load = JSON.stringify(inFlight);
    if (!this.#options.connection.isUp || !this.#isShown) return;
    if (members !== this.#toldMembers) {
      this.#toldMembers = members;
      this.#channel.publish('news', { seq: this.#heartbeat.nextSeq(), inFlight, instances });
      this.#sendHeartbeat();
    } else if (load !== this.#toldLoad) {
      this.#channel.publish('news', { seq: this.#heartbeat.nextSeq(), inFlight });
    }
    this.#toldLoad = load;
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
      // Kept, and part of the next flush.
    }
  }
}
