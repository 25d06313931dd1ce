import type { Instance } from '@olla/core/instance';
import { isFor } from '../hub/is-for.ts';
import type { Question, Replies } from '../ports/ask.ts';

interface Asked {
  readonly waiting: Set<string>;
  readonly replies: { readonly instance: string; readonly reply: unknown }[];
  readonly missing: string[];
  readonly finish: () => void;
}

export interface QuestionOptions {
  /** Who has to reply. */
  readonly hubs: readonly string[];
  readonly question: Question;
  readonly deadlineMs: number;
  /** Whom a silent hub would have asked. */
  readonly instancesOf: (hub: string) => readonly Instance[];
  /** Tells all hubs of the question. */
  readonly send: (id: number) => void;
}

/** Questions to other hosts' hubs that wait for their replies. */
export class Questions {
  readonly #asked = new Map<number, Asked>();
  #lastId = 0;

  ask({ hubs, question, deadlineMs, instancesOf, send }: QuestionOptions): Promise<Replies> {
    if (hubs.length === 0) return Promise.resolve({ replies: [], missing: [] });
    return new Promise((resolve) => {
      this.#lastId += 1;
      const id = this.#lastId;
      const finish = (): void => {
        clearTimeout(timer);
        const asked = this.#asked.get(id);
        if (asked === undefined) return;
        this.#asked.delete(id);
        const silent = [...asked.waiting].flatMap((hub) =>
          instancesOf(hub).filter((instance) => isFor(question, instance)),
        );
        resolve({ replies: asked.replies, missing: [...asked.missing, ...silent.map(({ id: who }) => who)] });
      };
      const timer = setTimeout(finish, deadlineMs);
      this.#asked.set(id, { waiting: new Set(hubs), replies: [], missing: [], finish });
      send(id);
    });
  }

  receive(id: number, hub: string, { replies, missing }: Replies): void {
    const asked = this.#asked.get(id);
    if (asked === undefined || !asked.waiting.delete(hub)) return;
    asked.replies.push(...replies);
    asked.missing.push(...missing);
    if (asked.waiting.size === 0) asked.finish();
  }
}
