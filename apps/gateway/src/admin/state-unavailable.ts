import { OllaError } from '@olla/core/errors';
import type { EventLogger } from '@olla/state/report-event';
import type { StateError } from '@olla/state/state-error';

/**
 * The cause, which tells where the shared state is, goes to the log.
 *
 * @param consequence what that means for the request, as a part of a sentence
 */
export function stateUnavailable(
  log: Pick<EventLogger, 'warn'>,
  cause: StateError,
  consequence: string,
): OllaError {
  log.warn(`the shared state failed on a request of the admin API: ${cause.message}`, { code: cause.code });
  const message = `the shared state does not respond (${cause.code}): ${consequence}. Try again; the log has more`;
  return new OllaError('STATE_UNAVAILABLE', message, { cause, retryAfterS: 1 });
}
