import type { SnapshotVersion } from '@olla/core/snapshot';
import type { EventRecord } from '../event-log.ts';
import type { Question, Replies } from '../ports/ask.ts';
import type { Ejection, Readmission } from '../ports/ejections.ts';
import type { SessionPlacement } from '../ports/sessions.ts';
import type { ReportedInstance } from '../store.ts';

/** What a hub tells the others with each heartbeat, and of its counts whenever they change. */
export interface HostNews {
  /** Rises with each report of this hub, so that an older one that comes later changes nothing. */
  readonly seq: number;
  /** Sums by endpoint key. */
  readonly inFlight: Readonly<Record<string, number>>;
  /** Only with heartbeats, and when they have changed. */
  readonly instances?: readonly ReportedInstance[];
}

/**
 * Every message between the hubs of the hosts, on the channel to all hubs or on the one to a single hub, with its
 * body as plain JSON. A new message is one line here: the compiler then asks for its receiver.
 */
export interface HostMessages {
  news: HostNews;
  /** A hub leaves. */
  bye: null;
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

/** One message; lease-scripts.ts writes the same. */
export type HostMessage<Kind extends HostMessageKind> = {
  readonly [Each in Kind]: { readonly from: string; readonly kind: Each; readonly body: HostMessages[Each] };
}[Kind];

/** @returns null for what no hub of this format has sent: others may use the same Redis */
export function parseHostMessage(text: string): HostMessage<HostMessageKind> | null {
  try {
    const message: unknown = JSON.parse(text);
    return isHostMessage(message) ? message : null;
  } catch {
    // Not JSON, so not ours.
    return null;
  }
}

/** The one place where a message of another host gets its type; its kind may be of another version. */
function isHostMessage(message: unknown): message is HostMessage<HostMessageKind> {
  if (typeof message !== 'object' || message === null || !('from' in message) || !('kind' in message)) {
    return false;
  }
  return typeof message.from === 'string' && typeof message.kind === 'string';
}
