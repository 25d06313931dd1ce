import type { Instance } from '@olla/core/instance';
import type { WorkerStatistics } from '@olla/core/statistics';
import type { Peers, Question, SharedState, StateErrorCode } from '../port.ts';
import type { RedisOptions } from '../redis/options.ts';

export type ToParticipant =
  | {
      readonly drive: 'connect';
      readonly self: Instance;
      readonly redis: RedisOptions | null;
      /** A host of its own, without a hub in the parent. */
      readonly isAlone: boolean;
    }
  | {
      readonly drive: 'call';
      readonly id: number;
      readonly method: keyof SharedState;
      readonly args: unknown;
    }
  | { readonly drive: 'listen'; readonly method: keyof SharedState }
  | { readonly drive: 'provide'; readonly statistics: WorkerStatistics }
  | { readonly drive: 'onAsk'; readonly kind: string }
  | { readonly drive: 'answer'; readonly id: number; readonly answer: unknown };

export type FromParticipant =
  | { readonly driven: 'ready' }
  | { readonly driven: 'peers'; readonly peers: Peers }
  | { readonly driven: 'result'; readonly id: number; readonly value: unknown }
  | { readonly driven: 'error'; readonly id: number; readonly code: StateErrorCode; readonly message: string }
  | { readonly driven: 'event'; readonly method: keyof SharedState; readonly value: unknown }
  | { readonly driven: 'ask'; readonly id: number; readonly question: Question };

/** JSON has no Map; the port's counts are one. */
export function encode(value: unknown): unknown {
  if (value instanceof Map) return { $map: [...value] };
  if (Array.isArray(value)) return value.map(encode);
  return value;
}

export function decode(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(decode);
  if (typeof value === 'object' && value !== null && '$map' in value) {
    return new Map(value.$map as [string, number][]);
  }
  return value;
}
