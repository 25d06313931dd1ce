import type { BuildInfo } from '@olla/admin-api/build-info';
import type { Instance } from '@olla/core/instance';
import type { Settings } from '@olla/config/schema';

/** The messages between the primary and its children, besides those of the shared state. */

/** First message to every child: all that it needs to begin. */
export interface InitMessage {
  readonly olla: 'init';
  readonly settings: Settings;
  readonly self: Instance;
  readonly build: BuildInfo;
  readonly redis: { readonly url: string; readonly name: string } | null;
  /** Of a worker only: where to listen, and the token that admin actions need. */
  readonly listen?: { readonly hosts: readonly string[]; readonly port: number };
  readonly adminToken?: string | null;
}

/** From a child: it serves (worker: it listens and has a first snapshot or gave up waiting; agent: it runs). */
export interface ReadyMessage {
  readonly olla: 'ready';
}

/** From a child that cannot start at all, before it exits with a code other than 0. */
export interface FailedMessage {
  readonly olla: 'failed';
  readonly message: string;
}

/** From a worker with a fault outside of any request: it takes no new connections, finishes its requests and exits. */
export interface FaultMessage {
  readonly olla: 'fault';
  readonly message: string;
}

/** To a worker: take no new connections, finish the running requests within the time, then exit. */
export interface DrainMessage {
  readonly olla: 'drain';
  readonly timeoutMs: number;
}

export function isMessage<T extends { readonly olla: string }>(
  message: unknown,
  kind: T['olla'],
): message is T {
  return typeof message === 'object' && message !== null && 'olla' in message && message.olla === kind;
}
