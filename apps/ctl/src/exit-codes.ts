/** The exit statuses of all `olla` commands, which their help lists. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  auth: 3,
  notFound: 4,
  refused: 5,
  unreachable: 6,
  degraded: 7,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Holds the exit status of a command that did not fail, such as 7 of `status --check`. */
export interface Outcome {
  exitCode: number;
}
