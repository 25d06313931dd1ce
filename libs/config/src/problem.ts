/** Stable codes of what can be wrong with a configuration. */
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

export type NoticeCode = 'NO_EFFECT' | 'UNKNOWN_VARIABLE' | 'LOOPBACK_ENDPOINT' | 'YAML_WARNING';

/** Where something was said: a place in a file, or the environment variable or flag. */
export interface Place {
  readonly file: string | null;
  /** From 1; null where the whole file is meant. */
  readonly line: number | null;
  /** From 1. */
  readonly column: number | null;
  /** The environment variable or the flag, null for a place in the file. */
  readonly variable: string | null;
}

/** Something that keeps the configuration from being used. */
export interface Problem extends Place {
  readonly code: ProblemCode;
  /** The key as in the file, `discovery.static.endpoints[1].url`; empty when no key is concerned. */
  readonly key: string;
  /** What is wrong. Never holds the value of a secret. */
  readonly message: string;
  /** The nearest thing that would be right. */
  readonly suggestion: string | null;
}

/** Something that the operator should know although the configuration can be used. */
export interface Notice extends Place {
  readonly code: NoticeCode;
  /** As in `Problem`; for an environment variable that sets no key, the variable. */
  readonly key: string;
  readonly message: string;
}

export type Path = readonly (string | number)[];

/** `['a', 2, 'b']` as `a[2].b`. */
export function formatPath(path: Path): string {
  let text = '';
  for (const part of path) text += typeof part === 'number' ? `[${part}]` : text === '' ? part : `.${part}`;
  return text;
}

/** One line a problem, in the order of the file: `file:line:column key — message (did you mean …?)`. */
export function formatProblems(problems: readonly Problem[]): string {
  return problems
    .map((problem) => {
      const hint = problem.suggestion === null ? '' : ` (did you mean ${problem.suggestion}?)`;
      return `${formatLead(problem)} — ${problem.message}${hint}`;
    })
    .join('\n');
}

/** One line a notice, in the form of `formatProblems`. */
export function formatNotices(notices: readonly Notice[]): string {
  return notices.map((notice) => `${formatLead(notice)} — ${notice.message}`).join('\n');
}

/** A place as text: `config.yaml:3:5`, or the variable or flag. */
export function formatPlace({ file, line, column, variable }: Place): string {
  if (variable !== null) return variable;
  return line === null ? (file ?? 'configuration') : `${file}:${line}:${column}`;
}

function formatLead(item: Place & { readonly key: string }): string {
  return item.key === '' || item.key === item.variable
    ? formatPlace(item)
    : `${formatPlace(item)} ${item.key}`;
}
