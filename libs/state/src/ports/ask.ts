import type { Instance } from '@olla/core/instance';
import type { Unsubscribe } from './unsubscribe.ts';

/** Questions to all processes of the cluster. */
export interface AskPort {
  /** Asks all live processes of all hosts that the question is for, and gathers replies until the deadline. */
  ask(question: Question, deadlineMs: number): Promise<Replies>;
  /** How this process replies to questions of a kind; null means that it has nothing to say. */
  onQuestion(kind: string, reply: (question: Question) => unknown): Unsubscribe;
}

export interface Question {
  readonly kind: string;
  /** Only processes of this role. */
  readonly role?: Instance['role'];
  /** Only this gateway's processes. */
  readonly gateway?: string;
  /** Plain JSON. */
  readonly body?: unknown;
}

export interface Replies {
  /** Replies are plain JSON of another process: check them before use. */
  readonly replies: readonly { readonly instance: string; readonly reply: unknown }[];
  /** Instances that did not reply in time, or failed to. */
  readonly missing: readonly string[];
}
