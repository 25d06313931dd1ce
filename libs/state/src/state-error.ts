export type StateErrorCode = 'STATE_UNAVAILABLE' | 'STATE_TIMEOUT' | 'STATE_CLOSED' | 'STATE_PROTOCOL';

/** A call to the shared state failed. */
export class StateError extends Error {
  readonly code: StateErrorCode;

  constructor(code: StateErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = 'StateError';
    this.code = code;
  }
}
