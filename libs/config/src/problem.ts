/** The stable codes of mistakes in a configuration. */
export type ProblemCode =
  | 'FILE_UNREADABLE'
  | 'YAML_SYNTAX'
  | 'DUPLICATE_KEY'
  | 'UNKNOWN_KEY'
  | 'MISSING_KEY'
  | 'BAD_VALUE'
  | 'UNSET_VARIABLE'
  | 'BAD_REFERENCE'
  | 'SECRET_TWICE'
  | 'SECRET_FILE';

export type NoticeCode =
  | 'NO_EFFECT'
  | 'UNKNOWN_VARIABLE'
  | 'SERVICE_LINK'
  | 'DROPPED_PATH'
  | 'INSECURE_ENDPOINT'
  | 'LENT_CREDENTIALS'
  | 'UNUSED_ENDPOINT'
  | 'LOOPBACK_ENDPOINT'
  | 'YAML_WARNING';

/** Where a key was set: a position in a file, an environment variable or a flag. */
export interface Place {
  readonly file: string | null;
  /** From 1; null for the whole file. */
  readonly line: number | null;
  /** From 1. */
  readonly column: number | null;
  /** The environment variable or the flag; null for a position in the file. */
  readonly variable: string | null;
}

/** A mistake because of which the configuration cannot be used. */
export interface Problem extends Place {
  readonly code: ProblemCode;
  /** The key as in `discovery.static.endpoints[1].url`; empty if the problem concerns no key. */
  readonly key: string;
  /** What is wrong, and what to do. It never contains a secret. */
  readonly message: string;
  /** The nearest valid key or value; null if there is none. */
  readonly suggestion: string | null;
}

/** What the operator should know about a valid configuration. */
export interface Notice extends Place {
  readonly code: NoticeCode;
  /** As in `Problem`. For an environment variable that sets no key, the name of the variable. */
  readonly key: string;
  readonly message: string;
}

export type Path = readonly (string | number)[];

/** Formats `['a', 2, 'b']` as `a[2].b`. */
export function formatPath(path: Path): string {
  let text = '';
  for (const part of path) text += typeof part === 'number' ? `[${part}]` : text === '' ? part : `.${part}`;
  return text;
}

/** One line for each problem: `file:line:column key — message (did you mean …?)`. */
export function formatProblems(problems: readonly Problem[]): string {
  return problems
    .map((problem) => {
      const hint = problem.suggestion === null ? '' : ` (did you mean ${problem.suggestion}?)`;
      return `${formatLead(problem)} — ${problem.message}${hint}`;
    })
    .join('\n');
}

/** One line for each notice, in the format of `formatProblems`. */
export function formatNotices(notices: readonly Notice[]): string {
  return notices.map((notice) => `${formatLead(notice)} — ${notice.message}`).join('\n');
}

/** A place as text: `config.yaml:3:5`, or the variable or the flag. */
export function formatPlace({ file, line, column, variable }: Place): string {
  if (variable !== null) return variable;
  return line === null ? (file ?? 'configuration') : `${file}:${line}:${column}`;
}

function formatLead(item: Place & { readonly key: string }): string {
  return item.key === '' || item.key === item.variable
    ? formatPlace(item)
    : `${formatPlace(item)} ${item.key}`;
}
