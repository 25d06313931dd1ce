/** Why one `${NAME}` of a text cannot be expanded. */
export interface ReferenceProblem {
  readonly code: 'UNSET_VARIABLE' | 'BAD_REFERENCE';
  readonly message: string;
}

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * Replaces each `${NAME}` by the value of the environment variable. `$${` means the text `${`. Any other `$` is
 * unchanged, so that a password with a dollar sign needs no escape.
 *
 * @returns the text, whether it contained a reference, and a problem for each that could not be replaced
 */
export function expandReferences(
  text: string,
  env: Readonly<Record<string, string | undefined>>,
): { text: string; expanded: boolean; problems: ReferenceProblem[] } {
  const problems: ReferenceProblem[] = [];
  let expanded = false;
  const result = text.replace(
    /(\$?)\$\{([^}]*)(\}?)/g,
    (whole: string, escape: string, name: string, end: string) => {
      if (escape !== '') return whole.slice(1);
      expanded = true;
      if (end === '' || !NAME.test(name)) {
        const message =
          'contains a ${ that is no reference. Write ${NAME} for an environment variable, or $${ for the text ${';
        problems.push({ code: 'BAD_REFERENCE', message });
        return whole;
      }
      const value = env[name];
      if (value !== undefined && value !== '') return value;
      const state = value === undefined ? 'not set' : 'empty';
      problems.push({
        code: 'UNSET_VARIABLE',
        message: `the environment variable ${name} is ${state}. Set it, or write the value here`,
      });
      return whole;
    },
  );
  return { text: result, expanded, problems };
}
