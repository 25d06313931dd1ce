import type { Instance } from '@olla/core/instance';
import type { IpcChannel } from '../channel/ipc-channel.ts';
import type { PushName, QueryName, Receivers, Repliers } from '../protocol/operations.ts';
import type { SharedState, StateKind } from '../shared-state.ts';
import { MemberAsk } from './ask.ts';
import { MemberControl } from './control.ts';
import { MemberDirectory } from './directory.ts';
import { MemberEjections } from './ejections.ts';
import { MemberElection } from './election.ts';
import { MemberEvents } from './events.ts';
import { MemberHealth } from './health.ts';
import { HubLink } from './hub-link.ts';
import { MemberLeases, type DirectLeases } from './leases.ts';
import { MemberLoad } from './load.ts';
import { MemberSessions } from './sessions.ts';
import { MemberSnapshots } from './snapshots.ts';
import { MemberStatistics } from './statistics.ts';

const HEARTBEAT_MS = 1_000;
const LEAVE_MS = 500;

export interface MemberStateOptions {
  readonly self: Instance;
  readonly kind: StateKind;
  readonly channel: IpcChannel;
  /** Null where leases go through the hub. */
  readonly leases: DirectLeases | null;
  /** Closed together with the state. */
  readonly onClose?: () => Promise<void>;
}

/** The shared state of a member: it uses one IPC channel to the gateway's primary. */
export class MemberState implements SharedState {
  readonly kind: StateKind;
  readonly self: Instance;
  readonly leases: MemberLeases;
  readonly snapshots: MemberSnapshots;
  readonly election: MemberElection;
  readonly ejections: MemberEjections;
  readonly load: MemberLoad;
  readonly sessions: MemberSessions;
  readonly statistics: MemberStatistics;
  readonly directory: MemberDirectory;
  readonly ask: MemberAsk;
  readonly events: MemberEvents;
  readonly control: MemberControl;
  readonly health = new MemberHealth();
  readonly #link: HubLink;
  readonly #direct: DirectLeases | null;
  readonly #onClose: (() => Promise<void>) | undefined;
  readonly #heartbeat: NodeJS.Timeout;
  #closing: Promise<void> | null = null;

  constructor({ self, kind, channel, leases, onClose }: MemberStateOptions) {
    this.kind = kind;
    this.self = self;
    this.#direct = leases;
    this.#onClose = onClose;
    const link = new HubLink(channel);
    const isAlone = (): boolean => this.directory.peers().workers <= 1;
    this.#link = link;
    this.leases = new MemberLeases(link, leases);
    this.snapshots = new MemberSnapshots(link);
    this.election = new MemberElection(link);
    this.ejections = new MemberEjections(link);
    this.load = new MemberLoad(link, isAlone);
    this.sessions = new MemberSessions(link, isAlone);
    this.statistics = new MemberStatistics(link);
    this.directory = new MemberDirectory(link);
    this.ask = new MemberAsk(link);
    this.events = new MemberEvents(link);
    this.control = new MemberControl(link);
    this.health.onHealth(({ connected }) => {
      if (connected) leases?.hurry();
    });
    link.open(self, {
      pushes: this.#pushes(),
      queries: this.#queries(),
      onDrained: () => this.load.resume(),
      onLost: ({ message }) => this.health.lose(message),
    });
    this.#heartbeat = setInterval(() => void this.#sendHeartbeat(), HEARTBEAT_MS);
    this.#heartbeat.unref();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    clearInterval(this.#heartbeat);
    this.load.close();
    this.sessions.close();
    this.statistics.close();
    if (this.#link.isAttached) {
      await this.#link.request('leave', null, LEAVE_MS).catch(() => {
        // The hub has ended or hangs. It notices this process's end by the closed channel.
      });
    }
    this.#link.close();
    await this.#direct?.close();
    await this.#onClose?.();
  }

  #pushes(): Receivers<PushName> {
    return {
      'leases.recall': (key) => this.leases.receiveRecall(key),
      'snapshots.newest': (packed) => this.snapshots.receive(packed),
      'ejections.ejected': (ejection) => this.ejections.receiveEjection(ejection),
      'ejections.readmitted': (readmission) => this.ejections.receiveReadmission(readmission),
      'load.others': (changes) => this.load.receiveOthers(changes),
      'sessions.placed': (placements) => this.sessions.receive(placements),
      'directory.peers': (peers) => this.directory.receivePeers(peers),
      'events.event': (event) => this.events.receive(event),
      'control.newest': (control) => this.control.receive(control),
      'health.changed': (health) => this.health.receive(health),
    };
  }

  #queries(): Repliers<QueryName> {
    return {
      'statistics.own': () => this.statistics.own(),
      'ask.question': (question) => this.ask.replyTo(question),
    };
  }

  async #sendHeartbeat(): Promise<void> {
    const startedMs = performance.now();
    const has = { version: this.snapshots.newest, controlRevision: this.control.revision };
    try {
      await this.#link.request('heartbeat', has, HEARTBEAT_MS);
      if (this.kind === 'memory') this.health.noteLatency(performance.now() - startedMs);
    } catch {
      // A hub without a reply is not an outage yet: a busy primary replies later, a dead one disconnects.
    }
  }
}
