import type { Instance } from '@olla/core/instance';
import type { Unsubscribe } from './unsubscribe.ts';

/** Questions to all processes of the cluster. */
export interface AskPort {
  /** Sends a question to all live processes that it is for, on all hosts, and collects replies until the deadline. */
  ask(question: Question, deadlineMs: number): Promise<Replies>;
  /** Sets how this process replies to questions of a kind; null is an empty reply. */
  onQuestion(kind: string, reply: (question: Question) => unknown): Unsubscribe;
}

export interface Question {
  readonly kind: string;
  /** Limits the question to processes of this role. */
  readonly role?: Instance['role'];
  /** Limits the question to this gateway's processes. */
  readonly gateway?: string;
  /** Plain JSON. */
  readonly body?: unknown;
}

export interface Replies {
  /** Replies are plain JSON of another process: validate them before use. */
  readonly replies: readonly { readonly instance: string; readonly reply: unknown }[];
  /** Instances that failed to reply in time. */
  readonly missing: readonly string[];
}
