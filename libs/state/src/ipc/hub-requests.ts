import { compareVersions } from '@olla/core/snapshot';
import type { SnapshotVersion } from '@olla/core/snapshot';
import type { WorkerStatistics } from '@olla/core/statistics';
import { localShare } from '../local-share.ts';
import { Buckets } from '../memory/buckets.ts';
import { StateError } from '../port.ts';
import type * as port from '../port.ts';
import type { Store } from '../store.ts';
import type { Member } from './member.ts';
import { STATISTICS_KIND } from './protocol.ts';
import type { PackedSnapshot, Topic } from './protocol.ts';
import type { StateHub } from './state-hub.ts';

/** This host's workers answer within it, or count as missing. */
const LOCAL_STATISTICS_DEADLINE_MS = 100;
const SWEEP_INTERVAL_MS = 1_000;

/** What members of a hub ask of it and tell it, by operation. */
export class HubRequests {
  readonly #hub: StateHub;
  readonly #store: Store;
  /** This host's shares of the limits while the store is away. */
  readonly #localBuckets = new Buckets(() => performance.now());
  readonly #sweeper: NodeJS.Timeout;

  constructor(hub: StateHub, store: Store) {
    this.#hub = hub;
    this.#store = store;
    this.#sweeper = setInterval(() => this.#localBuckets.sweep(), SWEEP_INTERVAL_MS);
    this.#sweeper.unref();
  }

  close(): void {
    clearInterval(this.#sweeper);
  }

  receiveCast(member: Member, op: string, body: unknown): void {
    if (op === 'inFlight') {
      this.#hub.sums.update(member, body as Record<string, number>);
      this.#hub.noteChange();
    } else if (op === 'statistics') {
      member.statistics = body as WorkerStatistics;
      member.statisticsAtMs = performance.now();
      this.#hub.noteChange();
    } else if (op === 'settleLeases') {
      this.#store.settleLeases(member.instance.id, body as port.LeaseReturn[]);
    } else if (op === 'reportEjection') this.#store.reportEjection(body as port.Ejection);
    else if (op === 'tellSessions') {
      const placements = body as port.SessionPlacement[];
      this.#hub.sessions(placements, member);
      this.#store.tellSessions(placements);
    } else if (op === 'emitEvent') this.#store.emitEvent(body as port.StateEvent);
    else if (op === 'subscribe') {
      member.topics.add(body as Topic);
      this.#hub.sendNewest(member, body as Topic);
    }
  }

  async receiveRequest(member: Member, id: number, op: string, body: unknown): Promise<void> {
    try {
      const value = this.#perform(member, op, body);
      // Answers that are there at once go out in this turn, in the order of the requests.
      member.reply(id, value instanceof Promise ? await value : value);
    } catch (error) {
      member.fail(
        id,
        error instanceof StateError
          ? error
          : new StateError(
              'STATE_PROTOCOL',
              `${op} failed: ${error instanceof Error ? error.message : 'unknown'}`,
            ),
      );
    }
  }

  async askMembers(question: port.Question, deadlineMs: number): Promise<port.Answers> {
    const asked = this.#hub
      .members()
      .filter(
        ({ instance }) =>
          (question.role === undefined || instance.role === question.role) &&
          (question.gateway === undefined || instance.gateway === question.gateway),
      );
    const answers: { instance: string; answer: unknown }[] = [];
    const missing: string[] = [];
    await Promise.all(
      asked.map(async (member) => {
        const outcome = await member.ask({ kind: question.kind, body: question.body }, deadlineMs);
        if (outcome?.has === true) answers.push({ instance: member.instance.id, answer: outcome.answer });
        else if (outcome === null || outcome.failed) missing.push(member.instance.id);
      }),
    );
    return { answers, missing };
  }

  #perform(member: Member, op: string, body: unknown): unknown {
    switch (op) {
      case 'takeLeases':
        return this.#store.takeLeases(member.instance.id, body as port.LeaseAsk[]);
      case 'takeLocalLeases': {
        const { gateways } = this.#hub.peers();
        const shares = (body as port.LeaseAsk[]).map((ask) => localShare(ask, gateways));
        return this.#localBuckets.take(member.instance.id, shares, 1);
      }
      case 'readSnapshot':
        return this.#readSnapshot(member);
      case 'publishSnapshot':
        return this.#publishSnapshot(body as PackedSnapshot);
      case 'campaign': {
        const { ttlMs, newestToken } = body as { ttlMs: number; newestToken: number };
        return this.#store.campaign(member.instance.id, ttlMs, newestToken);
      }
      case 'resign':
        return this.#store.resign(member.instance.id);
      case 'acquireProbe': {
        const { endpointKey, ttlMs } = body as { endpointKey: string; ttlMs: number };
        return this.#store.acquireProbe(endpointKey, ttlMs);
      }
      case 'changeControl':
        return this.#store.changeControl(body as port.ControlChange);
      case 'readControl':
        return this.#readControl();
      case 'readStatistics':
        return this.#readStatistics(body as number);
      case 'readInstances':
        return this.#readInstances();
      case 'ask': {
        const { question, deadlineMs } = body as { question: port.Question; deadlineMs: number };
        return this.#ask(question, deadlineMs);
      }
      case 'beat':
        return this.#beat(member, body as { version: SnapshotVersion; control: number });
      case 'goodbye':
        this.#hub.detach(member);
        return null;
      default:
        throw new StateError('STATE_PROTOCOL', `the hub knows no operation ${op}`);
    }
  }

  /** The newer of what the store and this hub have: a worker that starts while the store is away needs one too. */
  async #readSnapshot(member: Member): Promise<PackedSnapshot | null> {
    const known = this.#hub.newestSnapshot();
    let snapshot = known;
    try {
      const stored = await this.#store.readSnapshot();
      const isNewer =
        stored !== null && (known === null || compareVersions(stored.version, known.version) > 0);
      if (isNewer) snapshot = stored;
    } catch (error) {
      if (known === null) throw error;
    }
    return snapshot === null ? null : this.#hub.packFor(member, snapshot);
  }

  async #readControl(): Promise<port.Control> {
    try {
      return await this.#store.readControl();
    } catch (error) {
      const known = this.#hub.knownControl();
      if (known === null) throw error;
      return known;
    }
  }

  #publishSnapshot(packed: PackedSnapshot): unknown {
    const snapshot = this.#hub.unpack(packed);
    return snapshot === null ? 'no-catalog' : this.#store.publishSnapshot(snapshot);
  }

  async #readStatistics(deadlineMs: number): Promise<port.StatisticsReading> {
    const [local, remote] = await Promise.all([
      this.#readLocalStatistics(Math.min(deadlineMs, LOCAL_STATISTICS_DEADLINE_MS)),
      this.#store.remoteStatistics(deadlineMs),
    ]);
    return {
      workers: [...local.workers, ...this.#hub.dead.all(), ...remote.workers],
      missing: [...local.missing, ...remote.missing],
    };
  }

  async #readLocalStatistics(deadlineMs: number): Promise<port.StatisticsReading> {
    const workers: port.StatisticsReading['workers'][number][] = [];
    const missing: string[] = [];
    await Promise.all(
      this.#hub.members().map(async (member) => {
        const { id, gateway, host, role } = member.instance;
        const outcome = await member.ask({ kind: STATISTICS_KIND }, deadlineMs);
        const known = { instance: id, gateway, host, alive: true };
        if (outcome?.has === true) {
          member.statistics = outcome.answer as WorkerStatistics;
          member.statisticsAtMs = performance.now();
          workers.push({ ...known, ageMs: 0, statistics: member.statistics });
          return;
        }
        if (outcome === null && role === 'worker') missing.push(id);
        // One that died meanwhile is among the dead shares already.
        if (member.statistics === null || !this.#hub.has(member)) return;
        const ageMs = performance.now() - member.statisticsAtMs;
        workers.push({ ...known, ageMs, statistics: member.statistics });
      }),
    );
    return { workers, missing };
  }

  async #readInstances(): Promise<port.LiveInstance[]> {
    const leader = this.#store.leader();
    const nowMs = performance.now();
    const local = this.#hub
      .members()
      .filter((member) => this.#hub.isAlive(member))
      .map(({ instance, lastSeenMs }) => ({
        ...instance,
        ageMs: Math.round(nowMs - lastSeenMs),
        leading: instance.id === leader,
      }));
    return [...local, ...(await this.#store.remoteInstances())];
  }

  async #ask(question: port.Question, deadlineMs: number): Promise<port.Answers> {
    const [local, remote] = await Promise.all([
      this.askMembers(question, deadlineMs),
      this.#store.askRemote(question, deadlineMs),
    ]);
    return {
      answers: [...local.answers, ...remote.answers],
      missing: [...local.missing, ...remote.missing],
    };
  }

  /** Heals what a member has missed. */
  #beat(member: Member, has: { version: SnapshotVersion; control: number }): null {
    const newest = this.#hub.newestSnapshot();
    if (newest !== null && compareVersions(has.version, newest.version) < 0) {
      member.catalogId = null;
      this.#hub.sendNewest(member, 'snapshot');
    }
    if (has.control < (this.#hub.knownControl()?.revision ?? 0)) this.#hub.sendNewest(member, 'control');
    return null;
  }
}
