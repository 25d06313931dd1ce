import type { Instance } from '@olla/core/instance';
import type { WorkerStatistics } from '@olla/core/statistics';
import type { IpcChannel } from '../channel/ipc-channel.ts';
import { Outbox } from '../channel/outbox.ts';
import {
  MARK,
  type FailureMessage,
  type PushMessage,
  type QueryMessage,
  type ReplyMessage,
} from '../protocol/messages.ts';
import type { BodyOf, PushName, QueryName, ReplyOf, RequestName } from '../protocol/operations.ts';
import { PendingReplies } from '../protocol/pending-replies.ts';
import { StateError } from '../state-error.ts';

/** One process that is connected to the hub: its last reports and its channel. */
export class Member {
  instance: Instance;
  readonly channel: IpcChannel;
  /** The pushes that it has subscribed to. */
  readonly subscriptions = new Set<PushName>();
  /** Its own requests in flight by endpoint key, as last reported. */
  readonly counts = new Map<string, number>();
  /** The others' sums as last sent to it. */
  readonly sentOthers = new Map<string, number>();
  /** Id of the catalog that it has, so that the catalog is not sent again. */
  catalogId: string | null = null;
  statistics: WorkerStatistics | null = null;
  statisticsAtMs = 0;
  lastSeenMs = performance.now();
  readonly #outbox: Outbox;
  readonly #behind = new Set<PushName>();
  readonly #queries = new PendingReplies('a member of the hub');
  #hasEnded = false;

  /** @param catchUp sends the newest values of pushes that were withheld while this member did not read */
  constructor(instance: Instance, channel: IpcChannel, catchUp: (member: Member, name: PushName) => void) {
    this.instance = instance;
    this.channel = channel;
    this.#outbox = new Outbox(channel, () => {
      const behind = [...this.#behind];
      this.#behind.clear();
      for (const name of behind) catchUp(this, name);
    });
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** @returns false if the push was withheld; the hub sends the newest value when the member reads again */
  push<Name extends PushName>(op: Name, body: BodyOf<Name>): boolean {
    if (this.#send({ olla: MARK, t: 'push', op, body } satisfies PushMessage<Name>)) return true;
    this.#behind.add(op);
    return false;
  }

  reply<Name extends RequestName>(id: number, value: ReplyOf<Name>): void {
    this.#send({ olla: MARK, t: 'reply', id, value } satisfies ReplyMessage);
  }

  fail(id: number, error: StateError): void {
    const { code, message } = error;
    this.#send({ olla: MARK, t: 'failed', id, code, message } satisfies FailureMessage);
  }

  /** @throws StateError if no reply came in time, or the member has gone or failed to reply */
  query<Name extends QueryName>(op: Name, body: BodyOf<Name>, deadlineMs: number): Promise<ReplyOf<Name>> {
    return this.#queries.start(op, deadlineMs, (id) =>
      this.#send({ olla: MARK, t: 'query', id, op, body } satisfies QueryMessage<Name>),
    );
  }

  receiveReply({ id, value }: ReplyMessage): void {
    this.#queries.succeed(id, value);
  }

  receiveFailure({ id, code, message }: FailureMessage): void {
    this.#queries.fail(id, new StateError(code, message));
  }

  /** The channel is closed: fails all pending queries. */
  end(): void {
    this.#hasEnded = true;
    this.#queries.failAll(new StateError('STATE_UNAVAILABLE', 'the member has gone'));
  }

  #send(message: object): boolean {
    return this.#outbox.send(message);
  }
}
