import type { Instance } from '@olla/core/instance';
import type { WorkerStatistics } from '@olla/core/statistics';
import type { Question } from '../../src/ports/ask.ts';
import type { Peers } from '../../src/ports/directory.ts';
import type { StateHealth } from '../../src/ports/health.ts';
import type { RedisOptions } from '../../src/redis/options.ts';
import type { StateErrorCode } from '../../src/state-error.ts';

/** A method of a port: `leases.take`, or of the state itself: `close`. */
export type Method = string;

export type ToParticipant =
  | {
      readonly drive: 'connect';
      readonly self: Instance;
      readonly redis: RedisOptions | null;
      /** Whether the process is its own host, without a hub in the parent. */
      readonly isAlone: boolean;
    }
  | {
      readonly drive: 'call';
      readonly id: number;
      readonly method: Method;
      readonly args: readonly unknown[];
    }
  | { readonly drive: 'listen'; readonly method: Method }
  | { readonly drive: 'provide'; readonly statistics: WorkerStatistics }
  | { readonly drive: 'onQuestion'; readonly kind: string }
  | { readonly drive: 'reply'; readonly id: number; readonly reply: unknown };

export type FromParticipant =
  | { readonly driven: 'ready' }
  /** The values that the participant can read without a message. */
  | { readonly driven: 'known'; readonly peers: Peers; readonly health: StateHealth }
  | { readonly driven: 'result'; readonly id: number; readonly value: unknown }
  | { readonly driven: 'error'; readonly id: number; readonly code: StateErrorCode; readonly message: string }
  | { readonly driven: 'event'; readonly method: Method; readonly value: unknown }
  | { readonly driven: 'question'; readonly id: number; readonly question: Question };
