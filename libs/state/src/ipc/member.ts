import type { Instance } from '@olla/core/instance';
import type { WorkerStatistics } from '@olla/core/statistics';
import type { StateError } from '../port.ts';
import { Outbox } from './channel.ts';
import type { IpcChannel } from './channel.ts';
import { MARK } from './protocol.ts';
import type { AnswerOutcome, AskedQuestion, ToMember, Topic } from './protocol.ts';

/** One process as its hub sees it: what it told, and how to tell it something. */
export class Member {
  instance: Instance;
  readonly channel: IpcChannel;
  readonly topics = new Set<Topic>();
  /** Its own requests in flight by endpoint key, as last told. */
  readonly counts = new Map<string, number>();
  /** The others' sums as last sent to it. */
  readonly sentOthers = new Map<string, number>();
  /** The catalog it has, so that it is not sent again. */
  catalogId: string | null = null;
  statistics: WorkerStatistics | null = null;
  statisticsAtMs = 0;
  lastSeenMs = performance.now();
  readonly #outbox: Outbox;
  readonly #behind = new Set<Topic>();
  readonly #asked = new Map<number, (outcome: AnswerOutcome | null) => void>();
  #lastAsk = 0;

  /** @param catchUp sends the newest of a topic whose pushes were withheld while this member did not read */
  constructor(instance: Instance, channel: IpcChannel, catchUp: (member: Member, topic: Topic) => void) {
    this.instance = instance;
    this.channel = channel;
    this.#outbox = new Outbox(channel, () => {
      const behind = [...this.#behind];
      this.#behind.clear();
      for (const topic of behind) catchUp(this, topic);
    });
  }

  /** @returns false if it was withheld; the hub then catches up when the member reads again */
  push(topic: Topic, body: unknown): boolean {
    if (this.#send({ olla: MARK, t: 'push', topic, body })) return true;
    this.#behind.add(topic);
    return false;
  }

  reply(id: number, value: unknown): void {
    this.#send({ olla: MARK, t: 'reply', id, value });
  }

  fail(id: number, error: StateError): void {
    this.#send({ olla: MARK, t: 'failed', id, code: error.code, message: error.message });
  }

  /** @returns null if no answer came in time, or the member has gone */
  ask(question: AskedQuestion, deadlineMs: number): Promise<AnswerOutcome | null> {
    return new Promise((resolve) => {
      this.#lastAsk += 1;
      const id = this.#lastAsk;
      const timer = setTimeout(() => this.receiveAnswer(id, null), deadlineMs);
      this.#asked.set(id, (outcome) => {
        clearTimeout(timer);
        resolve(outcome);
      });
      if (!this.#send({ olla: MARK, t: 'ask', id, question })) this.receiveAnswer(id, null);
    });
  }

  receiveAnswer(id: number, outcome: AnswerOutcome | null): void {
    const settle = this.#asked.get(id);
    this.#asked.delete(id);
    settle?.(outcome);
  }

  /** Nothing will come from it any more. */
  end(): void {
    for (const id of [...this.#asked.keys()]) this.receiveAnswer(id, null);
  }

  #send(message: ToMember): boolean {
    return this.#outbox.send(message);
  }
}
