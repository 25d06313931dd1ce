export type AdminErrorCode =
  | 'UNREACHABLE'
  | 'TIMEOUT'
  | 'UNAUTHORIZED'
  | 'NOT_FOUND'
  | 'REFUSED'
  | 'RATE_LIMITED'
  | 'FAILED'
  | 'PROTOCOL';

/** A call of the admin API that failed. */
export class AdminError extends Error {
  readonly code: AdminErrorCode;
  /** Status of the response; null if there was none. */
  readonly status: number | null;
  /** The gateway's own error code, as in docs/errors.md; null if there was no response. */
  readonly apiCode: string | null;

  constructor(
    code: AdminErrorCode,
    message: string,
    options: { status?: number; apiCode?: string; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.name = 'AdminError';
    this.code = code;
    this.status = options.status ?? null;
    this.apiCode = options.apiCode ?? null;
  }
}
