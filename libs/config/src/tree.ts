import type { Path } from './problem.ts';

/** A section of a configuration file as plain data. */
export type Tree = Record<string, unknown>;

export function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value at a path; undefined if there is none. */
export function getAt(root: unknown, path: Path): unknown {
  let value = root;
  for (const part of path) {
    if (Array.isArray(value)) value = value[Number(part)];
    else if (isTree(value) && Object.hasOwn(value, part)) value = value[part];
    else return undefined;
  }
  return value;
}

/** Sets a value at a path and creates the sections that are missing. It changes nothing where a part is no section. */
export function setAt(root: Tree, path: Path, value: unknown): void {
  let section: unknown = root;
  for (const part of path.slice(0, -1)) {
    if (Array.isArray(section)) {
      section = section[Number(part)];
      continue;
    }
    if (!isTree(section)) return;
    if (section[part] === undefined) section[part] = {};
    section = section[part];
  }
  const last = path.at(-1);
  if (isTree(section) && last !== undefined) section[last] = value;
}

/** A copy without the entries that are undefined. */
export function withoutUndefined<T>(value: T): T;
export function withoutUndefined(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => withoutUndefined(item));
  if (!isTree(value)) return value;
  const entries = Object.entries(value).filter(([, entry]) => entry !== undefined);
  return Object.fromEntries(entries.map(([key, entry]) => [key, withoutUndefined(entry)]));
}
