/**
 * A rule for requests: `METHOD PATH`, or `PATH` for every method. Several methods are joined by a comma. In the path
 * `*` matches one segment and `**` one or more. GET includes HEAD (RFC 9110 §9.3.2).
 */
export type PathRule = string;

/** Whether one of a list of rules fits a request. */
export interface RuleSet {
  /** @param path decoded and normalised, without query and without a slash at its end */
  fits(method: string, path: string): boolean;
}

interface Compiled {
  /** Null means every method. */
  readonly methods: ReadonlySet<string> | null;
  readonly path: string;
}

/** @throws RangeError for a text that is no rule */
export function parseRule(rule: PathRule): Compiled {
  const [, methods, path] = /^(?:([A-Z]+(?:,[A-Z]+)*) )?(\/\S*)$/.exec(rule) ?? [];
  if (path === undefined) throw new RangeError(`${rule} is no rule for a path`);
  if (methods === undefined) return { methods: null, path };
  const names = methods.split(',');
  return { methods: new Set(names.includes('GET') ? [...names, 'HEAD'] : names), path };
}

/** Rules without a wildcard are looked up; the others are tried in order. */
export function createRuleSet(rules: readonly PathRule[]): RuleSet {
  const exact = new Map<string, Compiled[]>();
  const patterns: { readonly rule: Compiled; readonly matches: (path: string) => boolean }[] = [];
  for (const rule of rules.map(parseRule)) {
    if (rule.path.includes('*')) patterns.push({ rule, matches: matcherOf(rule.path) });
    else exact.set(rule.path, [...(exact.get(rule.path) ?? []), rule]);
  }
  const takes = ({ methods }: Compiled, method: string): boolean => methods === null || methods.has(method);
  return {
    fits: (method, path) =>
      (exact.get(path)?.some((rule) => takes(rule, method)) ?? false) ||
      patterns.some(({ rule, matches }) => takes(rule, method) && matches(path)),
  };
}

function matcherOf(rule: string): (path: string) => boolean {
  const [start = '', end = '', ...more] = rule.split('**');
  // Bounds the cost: a client may send paths of thousands of characters, which are compared with dozens of rules.
  if (more.length === 0 && !start.includes('*') && rule.includes('**'))
    return (path) => path.length > start.length + end.length && path.startsWith(start) && path.endsWith(end);
  const pattern = patternOf(rule);
  return (path) => pattern.test(path);
}

function patternOf(path: string): RegExp {
  const source = path
    .replace(/[.+?^${}()|[\]\\]/g, '\\$&')
    .replace(/\*\*?/g, (star) => (star === '*' ? '[^/]+' : '.+'));
  return new RegExp(`^${source}$`, 's');
}
