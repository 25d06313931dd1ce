import { Coalescer } from '../coalesce.ts';
import { COMMAND_TIMEOUT_MS, INSTANCE_TTL_MS } from '../port.ts';
import type * as port from '../port.ts';
import type { HostReport, StoreSink } from '../store.ts';
import type { RedisConnection } from './connection.ts';
import type { Keys } from './keys.ts';
import type { RedisOptions } from './options.ts';
import { Questions } from './questions.ts';
import { RemoteHosts } from './remote-hosts.ts';
import type { HostNews } from './remote-hosts.ts';
import { RemoteStatistics } from './remote-statistics.ts';
import { BEAT } from './scripts.ts';
import { Subscriber } from './subscriber.ts';

const BEAT_MS = 1_000;
/** Other hosts see a count within 100 ms. */
const IN_FLIGHT_INTERVAL_MS = 50;
const SESSIONS_INTERVAL_MS = 50;
/** Placements that wait for their message; a host that places more tells the newest only. */
const MAX_WAITING_PLACEMENTS = 5_000;
const STATISTICS_INTERVAL_MS = 400;
/** Answers to a question from another host leave in time to arrive there. */
const ANSWER_MARGIN_MS = 20;

/** On the channel of all hubs, and on the one to a single hub. */
interface Message {
  readonly from: string;
  readonly kind: string;
  readonly body: unknown;
}

/** What a heartbeat's answer says of the shared state. */
export interface Heard {
  readonly leader: string | null;
  readonly controlRevision: number;
  readonly version: { readonly token: number; readonly n: number };
}

export interface HostExchangeOptions {
  readonly hub: string;
  readonly redis: RedisOptions;
  readonly keys: Keys;
  readonly connection: RedisConnection;
  readonly sink: StoreSink;
  /** After each heartbeat that was answered. */
  readonly onHeard: (heard: Heard, latencyMs: number) => void;
  /** Another hub changed the snapshot or the control. */
  readonly onChanged: (kind: 'snapshot' | 'control') => void;
}

/** What the hubs of all hosts tell each other through Redis: heartbeats, counts, statistics, questions, events. */
export class HostExchange {
  readonly statistics: RemoteStatistics;
  readonly hosts = new RemoteHosts();
  readonly #options: HostExchangeOptions;
  readonly #subscriber: Subscriber;
  readonly #questions = new Questions();
  readonly #countsOut = new Coalescer(IN_FLIGHT_INTERVAL_MS, () => this.#publishCounts());
  readonly #statisticsOut = new Coalescer(STATISTICS_INTERVAL_MS, () => void this.#flushStatistics());
  readonly #sessionsOut = new Coalescer(SESSIONS_INTERVAL_MS, () => this.#publishSessions());
  readonly #beatTimer: NodeJS.Timeout;
  #report: () => HostReport = () => ({ instances: [], inFlight: {}, statistics: [] });
  #placements: port.SessionPlacement[] = [];
  #seq = Date.now();
  #toldCounts = '{}';
  #toldMembers = '';

  constructor(options: HostExchangeOptions) {
    this.#options = options;
    const { connection, keys, hub } = options;
    this.statistics = new RemoteStatistics(connection, keys, hub, this.hosts);
    this.#subscriber = new Subscriber(options.redis, [keys.all, keys.to(hub)], (text) => this.#receive(text));
    this.#beatTimer = setInterval(() => {
      void this.beat();
      this.#statisticsOut.ask();
    }, BEAT_MS);
    this.#beatTimer.unref();
  }

  /** @param report asked for when something is sent */
  noteChange(report: () => HostReport): void {
    this.#report = report;
    this.#countsOut.ask();
    this.#statisticsOut.ask();
  }

  /** Tells all that this host has: Redis may have lost what it was told before. */
  tellAll(): void {
    this.hosts.excuseAll();
    this.statistics.forget();
    this.#toldMembers = '';
    this.#countsOut.ask();
    this.#statisticsOut.ask();
  }

  /** Lost while Redis is away. */
  publish(kind: string, body: unknown): void {
    this.#send(this.#options.keys.all, kind, body);
  }

  tellSessions(placements: readonly port.SessionPlacement[]): void {
    this.#placements.push(...placements);
    if (this.#placements.length > MAX_WAITING_PLACEMENTS)
      this.#placements = this.#placements.slice(-MAX_WAITING_PLACEMENTS);
    this.#sessionsOut.ask();
  }

  #publishSessions(): void {
    const placements = this.#placements;
    this.#placements = [];
    this.publish('sessions', placements);
  }

  /** The text of a message, for scripts that publish. */
  messageOf(kind: string, body: unknown): string {
    return JSON.stringify({ from: this.#options.hub, kind, body } satisfies Message);
  }

  ask(question: port.Question, deadlineMs: number): Promise<port.Answers> {
    const hubs = this.hosts.ids();
    const instancesOf = (hub: string) => this.hosts.instancesOf(hub);
    // With Redis away nobody hears the question: who would have been asked is missing at once.
    if (!this.#options.connection.isUp) deadlineMs = 0;
    return this.#questions.ask(hubs, question, deadlineMs, instancesOf, (id) =>
      this.publish('ask', { id, question, deadlineMs }),
    );
  }

  async beat(): Promise<void> {
    const { connection, keys, hub } = this.#options;
    const { instances, inFlight } = this.#report();
    const news: HostNews = { seq: (this.#seq += 1), inFlight, instances };
    const startedMs = performance.now();
    try {
      const answer = await connection.script(
        'heartbeat',
        COMMAND_TIMEOUT_MS,
        BEAT,
        [keys.hosts, keys.lead, keys.control, keys.snapshot],
        [hub, INSTANCE_TTL_MS, JSON.stringify(news)],
      );
      this.#hear(answer as string[], performance.now() - startedMs);
    } catch {
      // The connection tells of the outage; the others see this host fall silent, as it is.
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#beatTimer);
    this.#countsOut.stop();
    this.#statisticsOut.stop();
    this.#sessionsOut.stop();
    const { connection, keys, hub } = this.#options;
    await this.#flushStatistics(500);
    this.publish('bye', null);
    await connection
      .run('say goodbye', 500, (client) => client.hdel(keys.hosts, hub))
      .catch(() => {
        // Away: the others miss this host's heartbeats.
      });
    this.#subscriber.close();
  }

  #send(channel: string, kind: string, body: unknown): void {
    const { connection } = this.#options;
    if (!connection.isUp) return;
    connection
      .run(`tell ${kind}`, COMMAND_TIMEOUT_MS, (client) =>
        client.publish(channel, this.messageOf(kind, body)),
      )
      .catch(() => {
        // Messages are lost while Redis is away; heartbeats heal what lasts.
      });
  }

  #receive(text: string): void {
    const { hub, sink, keys, onChanged } = this.#options;
    const message = parseMessage(text);
    if (message === null) return;
    const { from, kind, body } = message;
    if (kind === 'recall') {
      // From a holder of any host, this one included.
      sink.recall(body as string, from);
      return;
    }
    if (from === hub) return;
    if (kind === 'news') this.#learn(from, body as HostNews);
    else if (kind === 'snapshot' || kind === 'control') onChanged(kind);
    else if (kind === 'ejection') sink.ejection(body as port.Ejection);
    else if (kind === 'sessions') sink.sessions(body as port.SessionPlacement[]);
    else if (kind === 'event') sink.event(body as port.StateEvent);
    else if (kind === 'bye') {
      if (this.hosts.forget(from)) this.#tellHosts();
    } else if (kind === 'ask') {
      const { id, question, deadlineMs } = body as {
        id: number;
        question: port.Question;
        deadlineMs: number;
      };
      void sink.ask(question, Math.max(1, deadlineMs - ANSWER_MARGIN_MS)).then((answers) => {
        this.#send(keys.to(from), 'answer', { id, answers });
      });
    } else if (kind === 'answer') {
      const { id, answers } = body as { id: number; answers: port.Answers };
      this.#questions.receive(id, from, answers);
    }
  }

  #hear(answer: readonly string[], latencyMs: number): void {
    const [leader, controlRevision, token, n, ...rest] = answer;
    const hubs = new Set<string>();
    let isChanged = false;
    for (let i = 0; i < rest.length; i += 3) {
      const hub = rest[i] as string;
      hubs.add(hub);
      const isNew = !this.hosts.has(hub);
      const news = JSON.parse(rest[i + 2] as string) as HostNews;
      isChanged = this.hosts.learn(hub, news, Number(rest[i + 1])) || isNew || isChanged;
    }
    isChanged = this.hosts.keepOnly(hubs) || isChanged;
    if (isChanged) this.#tellHosts();
    this.#options.onHeard(
      {
        leader: leader === '' || leader === undefined ? null : leader,
        controlRevision: Number(controlRevision),
        version: { token: Number(token), n: Number(n) },
      },
      latencyMs,
    );
  }

  #learn(hub: string, news: HostNews): void {
    this.hosts.learn(hub, news, 0);
    this.#options.sink.remoteInFlight(this.hosts.inFlight());
    if (news.instances !== undefined) this.#options.sink.remotePeers();
  }

  #tellHosts(): void {
    this.#options.sink.remoteInFlight(this.hosts.inFlight());
    this.#options.sink.remotePeers();
  }

  #publishCounts(): void {
    const { inFlight, instances } = this.#report();
    const members = instances.map(({ id }) => id).join();
    const counts = JSON.stringify(inFlight);
    if (!this.#options.connection.isUp) return;
    if (members !== this.#toldMembers) {
      this.#toldMembers = members;
      this.publish('news', { seq: (this.#seq += 1), inFlight, instances } satisfies HostNews);
      void this.beat();
    } else if (counts !== this.#toldCounts) {
      this.publish('news', { seq: (this.#seq += 1), inFlight } satisfies HostNews);
    }
    this.#toldCounts = counts;
  }

  async #flushStatistics(deadlineMs = COMMAND_TIMEOUT_MS): Promise<void> {
    if (!this.#options.connection.isUp) return;
    try {
      await this.statistics.flush(this.#report(), deadlineMs);
    } catch {
      // Kept, and part of the next flush.
    }
  }
}

/** @returns null for what no hub of this format has sent: others may use the same Redis */
function parseMessage(text: string): Message | null {
  try {
    const message = JSON.parse(text) as Partial<Message> | null;
    if (typeof message?.from !== 'string' || typeof message.kind !== 'string') return null;
    return { from: message.from, kind: message.kind, body: message.body };
  } catch {
    // Not JSON, so not ours.
    return null;
  }
}
