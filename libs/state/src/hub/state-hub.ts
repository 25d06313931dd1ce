import type { Instance } from '@olla/core/instance';
import type { IpcChannel } from '../channel/ipc-channel.ts';
import { localChannel } from '../channel/local-channel.ts';
import { MemberState } from '../member/member-state.ts';
import {
  isToHub,
  type CastMessage,
  type MessageOf,
  type MessageReceivers,
  type RequestMessage,
  type ToHub,
} from '../protocol/messages.ts';
import type { CastName, Receivers, Repliers, RequestName } from '../protocol/operations.ts';
import type { SharedState } from '../shared-state.ts';
import { StateError } from '../state-error.ts';
import type { Store } from '../store.ts';
import { castReceivers } from './cast-receivers.ts';
import type { HostState } from './host-state.ts';
import { LocalShares } from './local-shares.ts';
import { Member } from './member.ts';
import { requestRepliers } from './request-repliers.ts';

export interface StateHubOptions {
  readonly self: Instance;
  readonly host: HostState;
  readonly store: Store;
}

/** Connects the processes of one host with their store. */
export class StateHub {
  /** The shared state for the process that the hub runs in. */
  readonly state: SharedState;
  readonly #host: HostState;
  readonly #store: Store;
  readonly #localShares = new LocalShares();
  readonly #own = localChannel();
  readonly #requests: Repliers<RequestName, [Member]>;
  readonly #casts: Receivers<CastName, [Member]>;
  readonly #receivers: MessageReceivers<ToHub, [Member]> = {
    hello: ({ instance }, member) => this.#welcome(member, instance),
    subscribe: ({ push }, member) => {
      member.subscriptions.add(push);
      this.#host.sendNewest(member, push);
    },
    cast: (message, member) => this.#receiveCast(member, message),
    request: (message, member) => void this.#reply(member, message),
    reply: (message, member) => member.receiveReply(message),
    failed: (message, member) => member.receiveFailure(message),
  };

  constructor({ self, host, store }: StateHubOptions) {
    this.#host = host;
    this.#store = store;
    const leave = (member: Member): void => this.#detach(member);
    this.#requests = requestRepliers({ host, store, localShares: this.#localShares, leave });
    this.#casts = castReceivers(host, store);
    host.use(store);
    this.attach(this.#own.parent, self);
    this.state = new MemberState({
      self,
      kind: store.kind,
      channel: this.#own.child,
      leases: null,
      onClose: () => this.#end(),
    });
  }

  attach(child: IpcChannel, instance: Instance): void {
    const member = new Member(instance, child, (behind, name) => this.#host.sendNewest(behind, name));
    const onMessage = (message: unknown): void => this.#receive(member, message);
    const onGone = (): void => {
      child.off('message', onMessage);
      child.off('disconnect', onGone);
      child.off('exit', onGone);
      this.#detach(member);
    };
    child.on('message', onMessage);
    child.on('disconnect', onGone);
    child.on('exit', onGone);
    this.#host.add(member);
  }

  close(): Promise<void> {
    return this.state.close();
  }

  #detach(member: Member): void {
    if (!this.#host.has(member)) return;
    this.#host.remove(member);
    void Promise.resolve(this.#store.election.resign(member.instance.id)).catch(() => {
      // The store is unreachable, so the lead ends when it expires.
    });
  }

  async #end(): Promise<void> {
    this.#localShares.close();
    this.#own.close();
    this.#host.close();
    await this.#store.close();
  }

  #receive(member: Member, message: unknown): void {
    if (!isToHub(message) || !this.#host.has(member)) return;
    member.lastSeenMs = performance.now();
    this.#dispatch(message, member);
  }

  #dispatch<Type extends ToHub['t']>(message: MessageOf<ToHub, Type>, member: Member): void {
    const receivers: MessageReceivers<ToHub, [Member]> = this.#receivers;
    const type: Type = message.t;
    if (Object.hasOwn(receivers, type)) receivers[type](message, member);
  }

  #welcome(member: Member, instance: Instance): void {
    member.instance = instance;
    this.#host.remotePeers();
    if (this.#store.kind === 'redis') this.#host.sendNewest(member, 'health.changed');
  }

  #receiveCast<Name extends CastName>(member: Member, { op, body }: CastMessage<Name>): void {
    const casts: Receivers<CastName, [Member]> = this.#casts;
    // A member of another version may send operations that this hub does not know.
    if (Object.hasOwn(casts, op)) casts[op](body, member);
  }

  async #reply<Name extends RequestName>(
    member: Member,
    { id, op, body }: RequestMessage<Name>,
  ): Promise<void> {
    try {
      if (!Object.hasOwn(this.#requests, op)) throw new Error('the hub knows no such operation');
      const value = this.#requests[op](body, member);
      // Synchronous replies are sent in this turn, in the order of the requests.
      member.reply<Name>(id, value instanceof Promise ? await value : value);
    } catch (error) {
      member.fail(id, error instanceof StateError ? error : failureOf(op, error));
    }
  }
}

function failureOf(op: string, error: unknown): StateError {
  const reason = error instanceof Error ? error.message : 'unknown';
  return new StateError('STATE_PROTOCOL', `${op} failed: ${reason}`);
}
