import { isIP } from 'node:net';
import * as z from 'zod';
import { parseByteSize } from './byte-size.ts';
import { parseDuration } from './duration.ts';

/** The type of a key in the documentation. It also says how the text of a variable or of `${VAR}` is converted. */
export type LeafKind =
  'text' | 'int' | 'number' | 'bool' | 'duration' | 'size' | 'choice' | 'list' | 'int list' | 'map' | 'path';

/** The description of a key besides its schema. */
export interface Leaf {
  readonly kind: LeafKind;
  /** What it sets, in a sentence for docs/config.md and the JSON Schema. */
  readonly about: string;
  /** Environment variables that set it. The first that is not empty counts. */
  readonly env: readonly string[];
  /** Why the key has no effect; null for a key that has one. */
  readonly noEffect: string | null;
  /** Messages and listings must not show its value. */
  readonly secret: boolean;
  /** Other words for the values of a choice, in lower case and with `-`. */
  readonly synonyms: Readonly<Record<string, string>>;
}

export const LEAVES = z.registry<Leaf>();

interface LeafExtra {
  readonly env?: string | readonly string[];
  readonly secret?: boolean;
  readonly synonyms?: Readonly<Record<string, string>>;
}

/** Registers a schema as the schema of one key. */
export function leaf<S extends z.ZodType>(
  kind: LeafKind,
  schema: S,
  about: string,
  extra: LeafExtra = {},
): S {
  const { secret = false, synonyms = {} } = extra;
  LEAVES.add(schema, { kind, about, env: variables(extra), noEffect: null, secret, synonyms });
  return schema;
}

/** Registers a key without effect: it is checked, a notice names it if it is set, and the settings leave it out. */
export function noEffect(kind: LeafKind, schema: z.ZodType, why: string, extra: LeafExtra = {}) {
  const dropped = schema.optional().transform((): undefined => undefined);
  LEAVES.add(dropped, {
    kind,
    about: `Accepted without effect: ${why}`,
    env: variables(extra),
    noEffect: why,
    secret: false,
    synonyms: {},
  });
  return dropped;
}

function variables({ env }: LeafExtra): readonly string[] {
  return typeof env === 'string' ? [env] : (env ?? []);
}

/** The schema of a section. A key that it does not know is an error. */
export function section<S extends z.ZodRawShape>(shape: S) {
  return z.strictObject(shape, { error: 'must be a section, which is a key with values below it' });
}

/** The schema of a key that may be unset. It is null then, and not zero, empty or false. */
export function unset<S extends z.ZodType>(schema: S) {
  return schema.nullable().default(null);
}

export const bool = () => z.boolean({ error: 'must be true or false' });

export function wholeNumber(min: number, max: number = Number.MAX_SAFE_INTEGER) {
  const error = rangeText('must be a whole number', min, max);
  return z.int({ error }).min(min, { error }).max(max, { error });
}

export function choice<const T extends readonly string[]>(values: T) {
  return z.enum(values, { error: `must be one of ${values.join(', ')}` });
}

export function text(error = 'must be text that is not empty') {
  return z.string({ error }).min(1, { error });
}

export function list<S extends z.ZodType>(item: S) {
  return z.array(item, { error: 'must be a list' });
}

/** The longest delay of a Node timer. A timer with a longer one fires at once. */
const MAX_TIMER_MS = 2_147_483_647;

/** A duration in Go's notation, parsed to milliseconds. A number is nanoseconds, as in Go; fewer than 1ms are a mistake. */
export function duration({ minMs = 0, maxMs = MAX_TIMER_MS } = {}) {
  const error = 'must be a duration such as 300ms, 30s, 5m or 1h30m';
  return z.union([z.string(), z.int()], { error }).transform((value, context) => {
    const isNanoseconds = typeof value === 'number' && value >= 1_000_000;
    const ms = parseDuration(isNanoseconds ? `${value}ns` : String(value).trim());
    if (ms === null) context.addIssue({ code: 'custom', message: error });
    else if (ms < minMs) context.addIssue({ code: 'custom', message: 'must be a duration above 0' });
    else if (ms > maxMs) context.addIssue({ code: 'custom', message: 'must be a duration of at most 596h' });
    return ms ?? 0;
  });
}

/** A size as an integer or as text with a binary unit, parsed to bytes. */
export function byteSize(min: number, max: number = Number.MAX_SAFE_INTEGER) {
  const error = rangeText('must be a size in bytes, such as 1048576 or 1MB', min, max);
  return z.union([z.string(), z.int()], { error }).transform((value, context) => {
    const bytes = parseByteSize(String(value));
    if (bytes === null || bytes < min || bytes > max) context.addIssue({ code: 'custom', message: error });
    return bytes ?? 0;
  });
}

function rangeText(what: string, min: number, max: number): string {
  return max === Number.MAX_SAFE_INTEGER ? `${what}, at least ${min}` : `${what} from ${min} to ${max}`;
}

/** A range of IP addresses. An address without a prefix length is a range of one. */
export function cidr() {
  const error = 'must be a range of IP addresses such as 10.0.0.0/8 or ::1/128';
  return z.string({ error }).transform((value, context) => {
    const [address = '', prefix, ...rest] = value.trim().split('/');
    const bits = isIP(address) === 4 ? 32 : 128;
    const length = prefix === undefined ? bits : /^\d{1,3}$/.test(prefix) ? Number(prefix) : NaN;
    if (isIP(address) === 0 || rest.length > 0 || !(length <= bits))
      context.addIssue({ code: 'custom', message: error });
    return `${address}/${length}`;
  });
}

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** The name of an HTTP header (RFC 9110, section 5.6.2). */
export const headerName = () => text().regex(TOKEN, { error: 'must be the name of an HTTP header' });

/** A pattern for names, with `*` and `?`. */
export const glob = () =>
  text('must be a name or a pattern, in which * matches any characters and ? matches one');

/** For a check over several keys. It runs even if one of them is wrong, so that all problems are reported together. */
export const EVEN_WITH_ISSUES = { when: () => true };

/** Reads an entry of a value that may not be a section. Checks with EVEN_WITH_ISSUES must read values in this way. */
export function peek(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
}
