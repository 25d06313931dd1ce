import type { Instance } from '@olla/core/instance';
import type { StateErrorCode } from '../state-error.ts';
import type { BodyOf, CastName, PushName, QueryName, RequestName } from './operations.ts';

/** Marks the shared state's messages among others on the same IPC channel. */
export const MARK = 'state';

interface Marked {
  readonly olla: typeof MARK;
}

export interface RequestMessage<Name extends RequestName> extends Marked {
  readonly t: 'request';
  readonly id: number;
  readonly op: Name;
  readonly body: BodyOf<Name>;
}

export interface CastMessage<Name extends CastName> extends Marked {
  readonly t: 'cast';
  readonly op: Name;
  readonly body: BodyOf<Name>;
}

export interface PushMessage<Name extends PushName> extends Marked {
  readonly t: 'push';
  readonly op: Name;
  readonly body: BodyOf<Name>;
}

export interface QueryMessage<Name extends QueryName> extends Marked {
  readonly t: 'query';
  readonly id: number;
  readonly op: Name;
  readonly body: BodyOf<Name>;
}

export interface HelloMessage extends Marked {
  readonly t: 'hello';
  readonly instance: Instance;
}

/** Subscribes to a push of the hub. */
export interface SubscribeMessage extends Marked {
  readonly t: 'subscribe';
  readonly push: PushName;
}

/** Reply to a request or a query. */
export interface ReplyMessage extends Marked {
  readonly t: 'reply';
  readonly id: number;
  readonly value: unknown;
}

/** Sent in place of a reply. */
export interface FailureMessage extends Marked {
  readonly t: 'failed';
  readonly id: number;
  readonly code: StateErrorCode;
  readonly message: string;
}

type EachRequest = { [Name in RequestName]: RequestMessage<Name> }[RequestName];
type EachCast = { [Name in CastName]: CastMessage<Name> }[CastName];
type EachPush = { [Name in PushName]: PushMessage<Name> }[PushName];
type EachQuery = { [Name in QueryName]: QueryMessage<Name> }[QueryName];

export type ToHub = HelloMessage | SubscribeMessage | EachRequest | EachCast | ReplyMessage | FailureMessage;
export type ToMember = EachPush | EachQuery | ReplyMessage | FailureMessage;

/** The messages of one type. */
export type MessageOf<Message extends ToHub | ToMember, Type extends Message['t']> = {
  [Each in Type]: Extract<Message, { readonly t: Each }>;
}[Type];

/** Receives each type of message; `from` is the receiver's record of the sender. */
export type MessageReceivers<Message extends ToHub | ToMember, From extends readonly unknown[] = []> = {
  readonly [Type in Message['t']]: (message: MessageOf<Message, Type>, ...from: From) => void;
};

/** Gives a message of another process its type. Its operation may be of another version, so receivers check that. */
export function isToHub(message: unknown): message is ToHub {
  return isMarked(message);
}

/** See isToHub. */
export function isToMember(message: unknown): message is ToMember {
  return isMarked(message);
}

function isMarked(message: unknown): boolean {
  return typeof message === 'object' && message !== null && 'olla' in message && message.olla === MARK;
}
