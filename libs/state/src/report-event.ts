import type { EventPort, NewEvent } from './ports/events.ts';

export type EventFields = Readonly<Record<string, string | null | undefined>>;

/** The part of a logger that events use. */
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
 * Publishes an event of the cluster and writes it to this process's log. Call it in the process that decided, so that
 * no other one writes the same line.
 *
 * @param detail for the log only, such as an address or a server's text
 */
export function reportEvent(
  { events, log }: EventReporter,
  event: NewEvent,
  level: keyof EventLogger = 'info',
  detail = '',
): void {
  events.publish(event);
  const fields = eventFields(event);
  log[level](describeEvent(event), detail === '' ? fields : { ...fields, detail });
}

/** The fields of an event's log line. */
export function eventFields({ kind, ...facts }: NewEvent): EventFields {
  return { event: kind, ...facts };
}

/** Describes an event in one sentence that contains the word of its kind. */
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
