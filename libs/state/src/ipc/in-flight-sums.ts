import { Coalescer } from '../coalesce.ts';
import type { Member } from './member.ts';

const INTERVAL_MS = 2;

/** Adds up the counts in flight of a host's members and of other hosts, and tells each member the others' sums. */
export class InFlightSums {
  readonly #members: () => Iterable<Member>;
  readonly #own = new Map<string, number>();
  #remote: ReadonlyMap<string, number> = new Map();
  readonly #changed = new Set<string>();
  readonly #out = new Coalescer(INTERVAL_MS, () => this.#broadcast());

  constructor(members: () => Iterable<Member>) {
    this.#members = members;
  }

  /** @param changes counts by endpoint key; 0 ends one */
  update(member: Member, changes: Readonly<Record<string, number>>): void {
    for (const [key, count] of Object.entries(changes)) {
      this.#add(key, count - (member.counts.get(key) ?? 0));
      if (count === 0) member.counts.delete(key);
      else member.counts.set(key, count);
    }
    this.#out.ask();
  }

  updateRemote(counts: ReadonlyMap<string, number>): void {
    for (const key of this.#remote.keys()) this.#changed.add(key);
    for (const key of counts.keys()) this.#changed.add(key);
    this.#remote = counts;
    this.#out.ask();
  }

  remove(member: Member): void {
    for (const [key, count] of member.counts) this.#add(key, -count);
    member.counts.clear();
    this.#out.ask();
  }

  /** All of it to one member: it has just subscribed, or missed some. */
  sendAll(member: Member): void {
    this.#sendTo(member, new Set([...this.#own.keys(), ...this.#remote.keys(), ...member.sentOthers.keys()]));
  }

  /** This host's sums, for the other hosts. */
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
      if (member.topics.has('inFlight')) this.#sendTo(member, this.#changed);
    }
    this.#changed.clear();
  }

  #sendTo(member: Member, keys: ReadonlySet<string>): void {
    const changes: Record<string, number> = {};
    for (const key of keys) {
      const others = (this.#own.get(key) ?? 0) - (member.counts.get(key) ?? 0) + (this.#remote.get(key) ?? 0);
      if (others !== (member.sentOthers.get(key) ?? 0)) changes[key] = others;
    }
    if (Object.keys(changes).length === 0 || !member.push('inFlight', changes)) return;
    for (const [key, others] of Object.entries(changes)) {
      if (others === 0) member.sentOthers.delete(key);
      else member.sentOthers.set(key, others);
    }
  }
}
