import type { SnapshotVersion } from '@olla/core/snapshot';
import type { EventRecord } from '../event-log.ts';
import type { Question, Replies } from '../ports/ask.ts';
import type { Ejection, Readmission } from '../ports/ejections.ts';
import type { SessionPlacement } from '../ports/sessions.ts';
import type { ReportedInstance } from '../store.ts';

/** A hub's report to the others: complete with each heartbeat, its counts whenever they change. */
export interface HostUpdate {
  /** Rises with each report of this hub, so that an older report that arrives later is ignored. */
  readonly seq: number;
  /** Sums by endpoint key. */
  readonly inFlight: Readonly<Record<string, number>>;
  /** Present in heartbeats, and after a change. */
  readonly instances?: readonly ReportedInstance[];
}

/**
 * Every message between the hubs of the hosts, on the channel to all hubs or to a single hub, with its body as plain
 * JSON. A new message is one line here: the compiler then requires its receiver.
 */
export interface HostMessages {
  update: HostUpdate;
  /** A hub leaves the cluster. */
  leave: null;
  /** Another hub changed the snapshot or the control. */
  snapshot: SnapshotVersion;
  control: { readonly revision: number };
  ejection: Ejection;
  readmission: Readmission;
  sessions: readonly SessionPlacement[];
  event: EventRecord;
  ask: { readonly id: number; readonly question: Question; readonly deadlineMs: number };
  replies: { readonly id: number; readonly replies: Replies };
  /** The key of a limit whose leases the holders are to return; sent by the script that takes leases. */
  recall: string;
}

export type HostMessageKind = keyof HostMessages;

/** Receives each message; `from` is the instance id of the hub that sent it, for a recall of the holder. */
export type HostReceivers = {
  readonly [Kind in HostMessageKind]: (body: HostMessages[Kind], from: string) => void;
};

/** One message. The Lua code in lease-scripts.ts writes this format too. */
export type HostMessage<Kind extends HostMessageKind> = {
  readonly [Each in Kind]: { readonly from: string; readonly kind: Each; readonly body: HostMessages[Each] };
}[Kind];

/** @returns null for a message of another format, because other programs may use the same Redis */
export function parseHostMessage(text: string): HostMessage<HostMessageKind> | null {
  try {
    const message: unknown = JSON.parse(text);
    return isHostMessage(message) ? message : null;
  } catch {
    // The message is not JSON, so no hub has sent it.
    return null;
  }
}

/** Gives a message of another host its type. Its kind may be of another version, so receivers check that. */
function isHostMessage(message: unknown): message is HostMessage<HostMessageKind> {
  if (typeof message !== 'object' || message === null || !('from' in message) || !('kind' in message)) {
    return false;
  }
  return typeof message.from === 'string' && typeof message.kind === 'string';
}
