import type { AskPort, Question, Replies } from '../ports/ask.ts';
import type { Unsubscribe } from '../ports/unsubscribe.ts';
import { REPLY_GRACE_MS, type HubLink } from './hub-link.ts';

export class MemberAsk implements AskPort {
  readonly #link: HubLink;
  readonly #repliers = new Map<string, (question: Question) => unknown>();

  constructor(link: HubLink) {
    this.#link = link;
  }

  ask(question: Question, deadlineMs: number): Promise<Replies> {
    return this.#link.request('ask.ask', { question, deadlineMs }, deadlineMs + REPLY_GRACE_MS);
  }

  onQuestion(kind: string, reply: (question: Question) => unknown): Unsubscribe {
    this.#repliers.set(kind, reply);
    return () => {
      if (this.#repliers.get(kind) === reply) this.#repliers.delete(kind);
    };
  }

  replyTo(question: Question): unknown {
    return this.#repliers.get(question.kind)?.(question);
  }
}
