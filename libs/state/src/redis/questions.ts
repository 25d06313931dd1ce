import type { Instance } from '@olla/core/instance';
import type { Answers, Question } from '../port.ts';

interface Asked {
  readonly waiting: Set<string>;
  readonly answers: { readonly instance: string; readonly answer: unknown }[];
  readonly missing: string[];
  readonly finish: () => void;
}

/** Questions to other hosts' hubs that wait for their answers. */
export class Questions {
  readonly #asked = new Map<number, Asked>();
  #lastId = 0;

  /**
   * @param hubs who has to answer
   * @param instancesOf whom a silent hub would have asked
   * @param send tells all hubs of the question
   */
  ask(
    hubs: readonly string[],
    question: Question,
    deadlineMs: number,
    instancesOf: (hub: string) => readonly Instance[],
    send: (id: number) => void,
  ): Promise<Answers> {
    if (hubs.length === 0) return Promise.resolve({ answers: [], missing: [] });
    return new Promise((resolve) => {
      this.#lastId += 1;
      const id = this.#lastId;
      const finish = (): void => {
        clearTimeout(timer);
        const asked = this.#asked.get(id);
        if (asked === undefined) return;
        this.#asked.delete(id);
        const silent = [...asked.waiting].flatMap((hub) => instancesOf(hub).filter(isAsked(question)));
        resolve({ answers: asked.answers, missing: [...asked.missing, ...silent.map(({ id: who }) => who)] });
      };
      const timer = setTimeout(finish, deadlineMs);
      this.#asked.set(id, { waiting: new Set(hubs), answers: [], missing: [], finish });
      send(id);
    });
  }

  receive(id: number, hub: string, { answers, missing }: Answers): void {
    const asked = this.#asked.get(id);
    if (asked === undefined || !asked.waiting.delete(hub)) return;
    asked.answers.push(...answers);
    asked.missing.push(...missing);
    if (asked.waiting.size === 0) asked.finish();
  }
}

function isAsked(question: Question): (instance: Instance) => boolean {
  return ({ role, gateway }) =>
    (question.role === undefined || role === question.role) &&
    (question.gateway === undefined || gateway === question.gateway);
}
