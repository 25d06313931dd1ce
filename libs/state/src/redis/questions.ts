import type { Instance } from '@olla/core/instance';
import { isFor } from '../hub/is-for.ts';
import type { Question, Replies } from '../ports/ask.ts';

interface PendingQuestion {
  readonly waiting: Set<string>;
  readonly replies: { readonly instance: string; readonly reply: unknown }[];
  readonly missing: string[];
  readonly finish: () => void;
}

export interface QuestionOptions {
  /** The hubs that have to reply. */
  readonly hubs: readonly string[];
  readonly question: Question;
  readonly deadlineMs: number;
  /** The instances of a hub, which are missing if it does not reply. */
  readonly instancesOf: (hub: string) => readonly Instance[];
  /** Publishes the question to all hubs. */
  readonly send: (id: number) => void;
}

/** Pending questions to other hosts' hubs. */
export class Questions {
  readonly #pending = new Map<number, PendingQuestion>();
  #lastId = 0;

  ask({ hubs, question, deadlineMs, instancesOf, send }: QuestionOptions): Promise<Replies> {
    if (hubs.length === 0) return Promise.resolve({ replies: [], missing: [] });
    return new Promise((resolve) => {
      this.#lastId += 1;
      const id = this.#lastId;
      const finish = (): void => {
        clearTimeout(timer);
        const pending = this.#pending.get(id);
        if (pending === undefined) return;
        this.#pending.delete(id);
        const silent = [...pending.waiting].flatMap((hub) =>
          instancesOf(hub).filter((instance) => isFor(question, instance)),
        );
        resolve({
          replies: pending.replies,
          missing: [...pending.missing, ...silent.map(({ id: who }) => who)],
        });
      };
      const timer = setTimeout(finish, deadlineMs);
      this.#pending.set(id, { waiting: new Set(hubs), replies: [], missing: [], finish });
      send(id);
    });
  }

  receive(id: number, hub: string, { replies, missing }: Replies): void {
    const pending = this.#pending.get(id);
    if (pending === undefined || !pending.waiting.delete(hub)) return;
    pending.replies.push(...replies);
    pending.missing.push(...missing);
    if (pending.waiting.size === 0) pending.finish();
  }
}
