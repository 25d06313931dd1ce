import type { EventPort, NewEvent } from './ports/events.ts';

export type EventFields = Readonly<Record<string, string | null | undefined>>;

/** What an event needs of a logger. */
export interface EventLogger {
  debug(message: string, fields: EventFields): void;
  info(message: string, fields: EventFields): void;
  warn(message: string, fields: EventFields): void;
}

export interface EventReporter {
  readonly events: Pick<EventPort, 'publish'>;
  readonly log: EventLogger;
}

/**
 * Tells operators what happened: an event of the cluster, and one line in the log of this process. Call it in the
 * process that decided, so that no other writes the same line.
 */
export function reportEvent(
  { events, log }: EventReporter,
  event: NewEvent,
  level: keyof EventLogger = 'info',
): void {
  events.publish(event);
  log[level](describeEvent(event), eventFields(event));
}

/** What the line of an event has beside its sentence. */
export function eventFields({ kind, ...facts }: NewEvent): EventFields {
  return { event: kind, ...facts };
}

/** One sentence with the word of the event's kind. */
export function describeEvent(event: NewEvent): string {
  const { endpoint, gateway, reason } = event;
  const subject = endpoint === undefined ? `gateway ${gateway ?? 'unknown'}` : `endpoint ${endpoint}`;
  return `${subject} ${changeOf(event)}${reason === '' ? '' : `: ${reason}`}`;
}

function changeOf({ kind, from, to, by }: NewEvent): string {
  switch (kind) {
    case 'ejected':
    case 'readmitted':
      return kind;
    case 'drained':
    case 'resumed':
      return `${kind} by ${by}`;
    case 'state':
    case 'leader':
    case 'config':
      return `${kind} ${from ?? 'none'} → ${to ?? 'none'}`;
    case 'gateway':
      return `${from ?? 'none'} → ${to ?? 'none'}`;
  }
}
