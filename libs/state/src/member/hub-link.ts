import type { Instance } from '@olla/core/instance';
import type { IpcChannel } from '../channel/ipc-channel.ts';
import { Outbox } from '../channel/outbox.ts';
import type { Listeners } from '../listeners.ts';
import type { Unsubscribe } from '../ports/unsubscribe.ts';
import {
  isToMember,
  MARK,
  type CastMessage,
  type FailureMessage,
  type HelloMessage,
  type MessageOf,
  type MessageReceivers,
  type PushMessage,
  type QueryMessage,
  type ReplyMessage,
  type RequestMessage,
  type SubscribeMessage,
  type ToMember,
} from '../protocol/messages.ts';
import type {
  BodyOf,
  CastName,
  PushName,
  QueryName,
  Receivers,
  Repliers,
  ReplyOf,
  RequestName,
} from '../protocol/operations.ts';
import { PendingReplies } from '../protocol/pending-replies.ts';
import { COMMAND_TIMEOUT_MS } from '../shared-state.ts';
import { StateError } from '../state-error.ts';

/** Time that a partial reply of the hub may need after its deadline. */
export const REPLY_GRACE_MS = 250;

export interface HubLinkHandlers {
  readonly pushes: Receivers<PushName>;
  readonly queries: Repliers<QueryName>;
  /** The hub reads again, after messages were refused. */
  readonly onDrained: () => void;
  /** The hub has ended. */
  readonly onLost: (error: StateError) => void;
}

/** A member's connection to the hub of its host. */
export class HubLink {
  readonly #channel: IpcChannel;
  readonly #outbox: Outbox;
  readonly #pending = new PendingReplies("the gateway's primary");
  readonly #subscribed = new Set<PushName>();
  readonly #onMessage = (message: unknown): void => this.#receive(message);
  readonly #onDisconnect = (): void => this.#lose();
  readonly #receivers: MessageReceivers<ToMember> = {
    reply: ({ id, value }) => this.#pending.succeed(id, value),
    failed: ({ id, code, message }) => this.#pending.fail(id, new StateError(code, message)),
    push: (message) => this.#receivePush(message),
    query: (message) => void this.#reply(message),
  };
  #handlers: HubLinkHandlers | null = null;
  #isAttached = true;
  #isClosed = false;

  constructor(channel: IpcChannel) {
    this.#channel = channel;
    this.#outbox = new Outbox(channel, () => this.#handlers?.onDrained());
  }

  /** Starts to receive, and registers this process with the hub. */
  open(self: Instance, handlers: HubLinkHandlers): void {
    this.#handlers = handlers;
    this.#channel.on('message', this.#onMessage);
    this.#channel.on('disconnect', this.#onDisconnect);
    this.#send({ olla: MARK, t: 'hello', instance: self } satisfies HelloMessage);
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  get isAttached(): boolean {
    return this.#isAttached;
  }

  async request<Name extends RequestName>(
    op: Name,
    body: BodyOf<Name>,
    deadlineMs = COMMAND_TIMEOUT_MS,
  ): Promise<ReplyOf<Name>> {
    if (this.#isClosed) throw closedError(op);
    return await this.#pending.start(op, deadlineMs, (id) =>
      this.#send({ olla: MARK, t: 'request', id, op, body } satisfies RequestMessage<Name>),
    );
  }

  /** @returns false if it could not be sent */
  cast<Name extends CastName>(op: Name, body: BodyOf<Name>): boolean {
    return this.#send({ olla: MARK, t: 'cast', op, body } satisfies CastMessage<Name>);
  }

  /** Adds a listener; the first one subscribes at the hub. */
  listen<T>(push: PushName, listeners: Listeners<T>, listener: (value: T) => void): Unsubscribe {
    const unsubscribe = listeners.add(listener);
    if (!this.#subscribed.has(push)) {
      this.#subscribed.add(push);
      this.#send({ olla: MARK, t: 'subscribe', push } satisfies SubscribeMessage);
    }
    return unsubscribe;
  }

  close(): void {
    this.#isClosed = true;
    this.#channel.off('message', this.#onMessage);
    this.#channel.off('disconnect', this.#onDisconnect);
    this.#pending.failAll(closedError());
  }

  #send(message: object): boolean {
    return !this.#isClosed && this.#outbox.send(message);
  }

  #lose(): void {
    this.#isAttached = false;
    const error = new StateError('STATE_UNAVAILABLE', "the gateway's primary has gone");
    this.#pending.failAll(error);
    this.#handlers?.onLost(error);
  }

  #receive(message: unknown): void {
    if (!isToMember(message)) return;
    this.#dispatch(message);
  }

  #dispatch<Type extends ToMember['t']>(message: MessageOf<ToMember, Type>): void {
    const receivers: MessageReceivers<ToMember> = this.#receivers;
    const type: Type = message.t;
    if (Object.hasOwn(receivers, type)) receivers[type](message);
  }

  #receivePush<Name extends PushName>({ op, body }: PushMessage<Name>): void {
    const pushes: Receivers<PushName> | undefined = this.#handlers?.pushes;
    // A hub of another version may push messages that this process does not know.
    if (pushes !== undefined && Object.hasOwn(pushes, op)) pushes[op](body);
  }

  async #reply<Name extends QueryName>({ id, op, body }: QueryMessage<Name>): Promise<void> {
    const queries: Repliers<QueryName> | undefined = this.#handlers?.queries;
    try {
      if (queries === undefined || !Object.hasOwn(queries, op)) throw new Error(`no operation ${op}`);
      const value = (await queries[op](body)) ?? null;
      this.#send({ olla: MARK, t: 'reply', id, value } satisfies ReplyMessage);
    } catch (error) {
      // The asking process lists this one as missing.
      const message = `${op} failed: ${error instanceof Error ? error.message : 'unknown'}`;
      this.#send({ olla: MARK, t: 'failed', id, code: 'STATE_PROTOCOL', message } satisfies FailureMessage);
    }
  }
}

function closedError(what?: string): StateError {
  const message = 'the shared state was closed';
  return new StateError('STATE_CLOSED', what === undefined ? message : `${what}: ${message}`);
}
