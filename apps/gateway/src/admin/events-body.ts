import type { EventsBody } from '@olla/admin-api/schema/events';
import { StateError } from '@olla/state/state-error';
import { stateUnavailable } from './state-unavailable.ts';
import type { AdminDeps } from './sources.ts';

/** GET /internal/events. @throws OllaError STATE_UNAVAILABLE */
export async function eventsBody({ state, log }: AdminDeps): Promise<EventsBody> {
  try {
    return { events: [...(await state.events.recent())] };
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
    throw stateUnavailable(log, error, 'its events could not be read');
  }
}
