/** What is wrong with one `${NAME}` of a text. */
export interface ReferenceFault {
  readonly code: 'UNSET_VARIABLE' | 'BAD_REFERENCE';
  readonly message: string;
}

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * Puts the values of environment variables in the place of `${NAME}`. `$${` stands for the text `${`; any other `$`
 * is itself, so that passwords with a dollar need no care.
 *
 * @returns the text, whether it held a reference, and what is wrong with each that could not be replaced
 */
export function expandReferences(
  text: string,
  env: Readonly<Record<string, string | undefined>>,
): { text: string; expanded: boolean; faults: ReferenceFault[] } {
  const faults: ReferenceFault[] = [];
  let expanded = false;
  const result = text.replace(
    /(\$?)\$\{([^}]*)(\}?)/g,
    (whole: string, escape: string, name: string, end: string) => {
      if (escape !== '') return whole.slice(1);
      expanded = true;
      if (end === '' || !NAME.test(name)) {
        const message =
          'has a ${ that is no reference: write ${NAME} for an environment variable, $${ for the text ${ itself';
        faults.push({ code: 'BAD_REFERENCE', message });
        return whole;
      }
      const value = env[name];
      if (value !== undefined && value !== '') return value;
      const state = value === undefined ? 'not set' : 'empty';
      faults.push({
        code: 'UNSET_VARIABLE',
        message: `the environment variable ${name} is ${state}; set it, or write the value here`,
      });
      return whole;
    },
  );
  return { text: result, expanded, faults };
}
