import * as z from 'zod';
import { type Leaf, LEAVES } from './leaf.ts';
import type { Path } from './problem.ts';
import { settingsSchema } from './schema.ts';

/** One key of the configuration file, with its schema and its description. */
export interface KeyRow extends Leaf {
  /** As in the documentation: `discovery.static.endpoints[].url`. */
  readonly key: string;
  readonly path: readonly string[];
  readonly schema: z.ZodType;
}

type KeyNode =
  | { readonly is: 'section'; readonly keys: ReadonlyMap<string, KeyNode> }
  | { readonly is: 'items'; readonly item: KeyNode }
  | { readonly is: 'leaf'; readonly row: KeyRow };

const rows: KeyRow[] = [];
const root = walk(settingsSchema, []);

/** All keys, in the order of the schema. */
export const KEY_ROWS: readonly KeyRow[] = rows;

function walk(schema: unknown, path: readonly string[]): KeyNode {
  if (!(schema instanceof z.ZodType)) throw new TypeError(`no schema at ${path.join('.')}`);
  const leaf = LEAVES.get(schema);
  if (leaf !== undefined) {
    const row = { ...leaf, key: path.join('.').replaceAll('.[]', '[]'), path, schema };
    rows.push(row);
    return { is: 'leaf', row };
  }
  if (schema instanceof z.ZodPrefault || schema instanceof z.ZodDefault || schema instanceof z.ZodNullable) {
    return walk(schema.unwrap(), path);
  }
  // A section or a list that is transformed once it is checked.
  if (schema instanceof z.ZodPipe) return walk(schema.in, path);
  if (schema instanceof z.ZodArray) return { is: 'items', item: walk(schema.element, [...path, '[]']) };
  if (!(schema instanceof z.ZodObject))
    throw new TypeError(`${path.join('.')} is neither a section nor a key`);
  const keys = Object.entries(schema.shape).map(
    ([key, value]) => [key, walk(value, [...path, key])] as const,
  );
  return { is: 'section', keys: new Map(keys) };
}

/** The key at a path, or the key whose list or map contains the path; null if there is none. */
export function rowAt(path: Path): KeyRow | null {
  const node = nodeAt(path);
  return node?.is === 'leaf' ? node.row : null;
}

/** The names that a section may contain; null if no section has this path. */
export function keysAt(path: Path): string[] | null {
  const node = nodeAt(path);
  return node?.is === 'section' ? [...node.keys.keys()] : null;
}

/** The full names of all keys that end in this name. */
export function keysNamed(name: string): string[] {
  return rows.filter((row) => row.path.at(-1) === name).map((row) => row.key);
}

function nodeAt(path: Path): KeyNode | null {
  let node: KeyNode | undefined = root;
  for (const part of path) {
    if (node.is === 'leaf') return node;
    node = node.is === 'items' ? node.item : node.keys.get(String(part));
    if (node === undefined) return null;
  }
  return node;
}
