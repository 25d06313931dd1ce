import type { Instance } from '@olla/core/instance';
import type { Snapshot } from '@olla/core/snapshot';
import type { StateErrorCode } from '../port.ts';

/** Marks messages of the shared state among the others on the same IPC channel. */
export const MARK = 'state';

/** From a member (worker, agent, the primary itself) to the hub. Plain JSON. */
export type ToHub = { readonly olla: typeof MARK } & (
  | { readonly t: 'hello'; readonly instance: Instance }
  | { readonly t: 'request'; readonly id: number; readonly op: string; readonly body: unknown }
  | { readonly t: 'cast'; readonly op: string; readonly body: unknown }
  | { readonly t: 'answer'; readonly id: number; readonly outcome: AnswerOutcome }
);

/** From the hub to a member. Plain JSON. */
export type ToMember = { readonly olla: typeof MARK } & (
  | { readonly t: 'reply'; readonly id: number; readonly value: unknown }
  | { readonly t: 'failed'; readonly id: number; readonly code: StateErrorCode; readonly message: string }
  | { readonly t: 'push'; readonly topic: Topic; readonly body: unknown }
  | { readonly t: 'ask'; readonly id: number; readonly question: AskedQuestion }
);

export type Topic =
  'snapshot' | 'ejection' | 'sessions' | 'inFlight' | 'event' | 'control' | 'recall' | 'health' | 'peers';

export interface AskedQuestion {
  readonly kind: string;
  readonly body?: unknown;
}

export type AnswerOutcome =
  { readonly has: true; readonly answer: unknown } | { readonly has: false; readonly failed: boolean };

/** The question by which the hub reads a member's statistics. */
export const STATISTICS_KIND = 'state:statistics';

/** A snapshot on its way; the catalog, which is large and seldom changes, only if the receiver lacks it. */
export interface PackedSnapshot {
  readonly head: Omit<Snapshot, 'catalog'>;
  readonly catalogId: string;
  readonly catalog: Snapshot['catalog'] | null;
}

/** Revisions count for one leader only, so the leader's token is part of the name. */
export function catalogIdOf(snapshot: Snapshot): string {
  return `${snapshot.version.token}:${snapshot.catalog.revision}`;
}

export function packSnapshot(snapshot: Snapshot, receiverHas: string | null): PackedSnapshot {
  const { catalog, ...head } = snapshot;
  const catalogId = catalogIdOf(snapshot);
  return { head, catalogId, catalog: receiverHas === catalogId ? null : catalog };
}

/** Puts packed snapshots together again, remembering the catalog that came last. */
export class Unpacker {
  #id: string | null = null;
  #catalog: Snapshot['catalog'] | null = null;

  /** @returns null if the catalog it refers to is not here */
  unpack(packed: PackedSnapshot): Snapshot | null {
    if (packed.catalog !== null) {
      this.#id = packed.catalogId;
      this.#catalog = packed.catalog;
    }
    if (this.#catalog === null || this.#id !== packed.catalogId) return null;
    return { ...packed.head, catalog: this.#catalog };
  }
}

export function isStateMessage(
  message: unknown,
): message is { readonly olla: typeof MARK; readonly t: string } {
  return typeof message === 'object' && message !== null && (message as { olla?: unknown }).olla === MARK;
}
