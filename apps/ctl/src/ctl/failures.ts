import { AdminError, type AdminErrorCode } from '@olla/admin-api/admin-error';
import { CommandError, EXIT, type ExitCode } from '../exit-codes.ts';

const CODES: Readonly<Record<AdminErrorCode, ExitCode>> = {
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
  UNREACHABLE: 'Start one with `olla serve`, or name it with --gateway URL (or OLLA_GATEWAY).',
  TIMEOUT: 'Wait longer with --timeout SECONDS, or ask another gateway with --gateway URL.',
  UNAUTHORIZED: 'Name the token file of the cluster with --token-file, or set OLLA_ADMIN_TOKEN.',
  RATE_LIMITED: 'server.rate_limits.health_requests_per_minute limits reads of the admin API.',
};

/** Turns what the client says into the end of a command. Other errors stay as they are. */
export function explainFailure(error: unknown, hint?: string): unknown {
  if (!(error instanceof AdminError)) return error;
  const code = error.apiCode || error.code;
  return new CommandError(CODES[error.code], code, `${error.message} (${code})`, hint ?? HINTS[error.code], {
    cause: error,
  });
}

/** Runs the body of a command, with its failures explained. */
export async function explaining<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw explainFailure(error);
  }
}
