import { AdminError, type AdminErrorCode } from '@olla/admin-api/admin-error';
import { CommandError } from '../command-error.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';

const EXIT_CODES: Readonly<Record<AdminErrorCode, ExitCode>> = {
  UNREACHABLE: EXIT.unreachable,
  TIMEOUT: EXIT.unreachable,
  UNAUTHORIZED: EXIT.auth,
  NOT_FOUND: EXIT.notFound,
  REFUSED: EXIT.refused,
  RATE_LIMITED: EXIT.failed,
  FAILED: EXIT.failed,
  PROTOCOL: EXIT.failed,
};

const HINTS: Partial<Record<AdminErrorCode, string>> = {
  UNREACHABLE: 'Start a gateway with `olla serve`, or give its URL with --gateway URL (or OLLA_GATEWAY).',
  TIMEOUT: 'Wait longer with --timeout SECONDS, or use another gateway with --gateway URL.',
  UNAUTHORIZED: 'Give the token file of the cluster with --token-file, or set OLLA_ADMIN_TOKEN.',
  RATE_LIMITED: 'server.rate_limits.health_requests_per_minute limits reads of the admin API.',
};

/** Turns an error of the admin client into a CommandError. Other errors are returned unchanged. */
export function toCommandError(error: unknown, hint?: string): unknown {
  if (!(error instanceof AdminError)) return error;
  const code = error.apiCode || error.code;
  return new CommandError(EXIT_CODES[error.code], code, `${error.message} (${code})`, {
    hint: hint ?? HINTS[error.code],
    cause: error,
  });
}

/** Runs a function and converts its errors with toCommandError. */
export async function withCommandErrors<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw toCommandError(error);
  }
}
