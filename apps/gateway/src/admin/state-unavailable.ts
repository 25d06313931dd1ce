import { OllaError } from '@olla/core/errors';
import type { StateError } from '@olla/state/state-error';

/** @param consequence what that means for the request, as a part of a sentence */
export function stateUnavailable(cause: StateError, consequence: string): OllaError {
  const message = `the shared state does not respond (${cause.message}): ${consequence}. Try again`;
  return new OllaError('STATE_UNAVAILABLE', message, { cause, retryAfterS: 1 });
}
