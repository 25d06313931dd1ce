import { systemClock, type Clock } from '../pace/clock.ts';
import { Coalescer } from '../pace/coalescer.ts';
import type { LoadChanges } from '../protocol/operations.ts';
import type { Member } from './member.ts';

/** Other workers of the host see a count within 5 ms: this is what the worker's own interval leaves of it. */
const INTERVAL_MS = 1;

/** Adds up the requests in flight of a host's members and of other hosts, and sends each member the others' sums. */
export class LoadSums {
  readonly #members: () => Iterable<Member>;
  readonly #own = new Map<string, number>();
  #remote: ReadonlyMap<string, number> = new Map();
  readonly #changed = new Set<string>();
  readonly #out: Coalescer;

  constructor(members: () => Iterable<Member>, clock: Clock = systemClock) {
    this.#members = members;
    this.#out = new Coalescer(INTERVAL_MS, () => this.#broadcast(), clock);
  }

  update(member: Member, changes: LoadChanges): void {
    for (const [key, count] of Object.entries(changes)) {
      this.#add(key, count - (member.counts.get(key) ?? 0));
      if (count === 0) member.counts.delete(key);
      else member.counts.set(key, count);
    }
    this.#out.trigger();
  }

  updateRemote(counts: ReadonlyMap<string, number>): void {
    for (const key of this.#remote.keys()) this.#changed.add(key);
    for (const key of counts.keys()) this.#changed.add(key);
    this.#remote = counts;
    this.#out.trigger();
  }

  remove(member: Member): void {
    for (const [key, count] of member.counts) this.#add(key, -count);
    member.counts.clear();
    this.#out.trigger();
  }

  /** Sends all sums to a member that has just subscribed or has missed some. */
  sendAll(member: Member): void {
    this.#sendTo(member, new Set([...this.#own.keys(), ...this.#remote.keys(), ...member.sentOthers.keys()]));
  }

  /** This host's sums, which are published to other hosts. */
  own(): Record<string, number> {
    return Object.fromEntries(this.#own);
  }

  stop(): void {
    this.#out.stop();
  }

  #add(key: string, difference: number): void {
    const sum = (this.#own.get(key) ?? 0) + difference;
    if (sum === 0) this.#own.delete(key);
    else this.#own.set(key, sum);
    this.#changed.add(key);
  }

  #broadcast(): void {
    for (const member of this.#members()) {
      if (member.subscriptions.has('load.others')) this.#sendTo(member, this.#changed);
    }
    this.#changed.clear();
  }

  #sendTo(member: Member, keys: ReadonlySet<string>): void {
    const changes: Record<string, number> = {};
    for (const key of keys) {
      const others = (this.#own.get(key) ?? 0) - (member.counts.get(key) ?? 0) + (this.#remote.get(key) ?? 0);
      if (others !== (member.sentOthers.get(key) ?? 0)) changes[key] = others;
    }
    if (Object.keys(changes).length === 0 || !member.push('load.others', changes)) return;
    for (const [key, others] of Object.entries(changes)) {
      if (others === 0) member.sentOthers.delete(key);
      else member.sentOthers.set(key, others);
    }
  }
}
