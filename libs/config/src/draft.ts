import { coerceItem, coerceText } from './coerce.ts';
import { type ConfigDocument, readDocument } from './document.ts';
import { readEnv } from './env.ts';
import { historicKey } from './historic-keys.ts';
import { rowAt } from './key-table.ts';
import { formatPath, type Path, type Place, type Problem } from './problem.ts';
import { expandReferences } from './references.ts';
import { findServiceLinks, type ServiceLink } from './service-links.ts';
import { getAt, isTree, setAt, type Tree } from './tree.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** The settings that flags of the command line can override. */
export interface ConfigFlags {
  readonly host?: string;
  readonly port?: number | string;
  readonly workers?: number | string;
  readonly redisUrl?: string;
}

const FLAGS = [
  { name: 'host', flag: '--host', path: ['server', 'host'] },
  { name: 'port', flag: '--port', path: ['server', 'port'] },
  { name: 'workers', flag: '--workers', path: ['server', 'workers'] },
  { name: 'redisUrl', flag: '--redis-url', path: ['redis', 'url'] },
] as const;

/** No valid configuration is nested deeper. An alias that contains itself is. */
const MAX_DEPTH = 32;

/** The file, the environment and the flags merged into one tree that is not yet checked, with the origin of each value. */
export class Draft {
  root: Tree = {};
  readonly problems: Problem[] = [];
  /** Keys of the file that the original Olla ignores too, each with the reason why it has no effect. */
  readonly historic: { path: Path; why: string }[] = [];
  /** Variables that Kubernetes made; they set nothing. */
  serviceLinks: readonly ServiceLink[] = [];
  readonly document: ConfigDocument;
  readonly file: string | null;
  readonly #variables = new Map<string, string>();
  readonly #expanded = new Set<string>();

  constructor(file: string | null, text: string) {
    this.file = file;
    this.document = readDocument(text);
    for (const { code, message, path, line, column } of this.document.problems) {
      const place = { file, line, column, variable: null };
      this.problems.push({ code, key: formatPath(path), message, suggestion: null, ...place });
    }
  }

  /** Whether the file is valid YAML, apart from duplicate keys. Only then can its keys be checked. */
  get isReadable(): boolean {
    return this.document.problems.every(({ code }) => code === 'DUPLICATE_KEY');
  }

  /** Adds the file's values. Empty keys are dropped, and references to environment variables are expanded. */
  addFile(env: Env): void {
    const { value } = this.document;
    if (value === null || value === undefined) return;
    if (isTree(value)) this.root = this.#copySection(value, [], env);
    else
      this.report(
        'BAD_VALUE',
        [],
        'the file must consist of sections, which are keys with values below them',
      );
  }

  addEnv(env: Env): void {
    this.serviceLinks = findServiceLinks(env);
    const links = new Set(this.serviceLinks.map(({ variable }) => variable));
    for (const { row, variable, text } of readEnv(env)) {
      if (!links.has(variable)) this.#set(row.path, coerceText(row, text), variable);
    }
  }

  addFlags(flags: ConfigFlags): void {
    for (const { name, flag, path } of FLAGS) {
      const value = flags[name];
      const row = rowAt(path);
      if (value !== undefined && row !== null) this.#set(path, coerceText(row, String(value)), flag);
    }
  }

  get(path: Path): unknown {
    return getAt(this.root, path);
  }

  /** Where a key or its value was set: the variable or flag, else the position in the file. */
  placeOf(path: Path, part: 'key' | 'value'): Place {
    for (let length = path.length; length > 0; length--) {
      const variable = this.#variables.get(formatPath(path.slice(0, length)));
      if (variable !== undefined) return { file: null, line: null, column: null, variable };
    }
    if (this.file === null) return { file: null, line: null, column: null, variable: null };
    return { file: this.file, ...this.document.locate(path, part), variable: null };
  }

  /** Whether a value comes from a `${VAR}`. Such a value must not be shown, because it may be a secret. */
  isExpanded(path: Path): boolean {
    return this.#expanded.has(formatPath(path));
  }

  report(
    code: Problem['code'],
    path: Path,
    message: string,
    options: { part?: 'key' | 'value'; suggestion?: string | null } = {},
  ): void {
    const place = this.placeOf(path, options.part ?? 'value');
    this.problems.push({
      code,
      key: formatPath(path),
      message,
      suggestion: options.suggestion ?? null,
      ...place,
    });
  }

  #set(path: Path, value: unknown, variable: string): void {
    setAt(this.root, path, value);
    this.#variables.set(formatPath(path), variable);
  }

  #copySection(value: Tree, path: Path, env: Env): Tree {
    const withinKey = rowAt(path) !== null;
    const entries = Object.entries(value)
      .filter(([key, entry]) => withinKey || (entry !== null && !this.#isIgnored([...path, key])))
      .map(([key, entry]) => [key, this.#copy(entry, [...path, key], env)] as const);
    return Object.fromEntries(entries);
  }

  /** Whether a key is one that the original Olla ignores too, or a section `x-…` that holds anchors. */
  #isIgnored(path: Path): boolean {
    if (path.length === 1 && String(path[0]).startsWith('x-')) return true;
    const why = historicKey(path);
    if (why !== null) this.historic.push({ path, why });
    return why !== null;
  }

  #copy(value: unknown, path: Path, env: Env): unknown {
    if (path.length > MAX_DEPTH) {
      this.report('BAD_VALUE', path.slice(0, 4), 'is nested too deeply');
      return undefined;
    }
    if (Array.isArray(value))
      return value.map((item: unknown, index) => this.#copy(item, [...path, index], env));
    if (isTree(value)) return this.#copySection(value, path, env);
    return this.#coerce(typeof value === 'string' ? this.#expand(value, path, env) : value, path);
  }

  #expand(value: string, path: Path, env: Env): string {
    const { text, expanded, problems } = expandReferences(value, env);
    if (expanded) this.#expanded.add(formatPath(path));
    for (const { code, message } of problems) this.report(code, path, message);
    return text;
  }

  /** Converts between text and numbers as the original Olla does: `port: "8080"` is a number and `name: 7` is text. */
  #coerce(value: unknown, path: Path): unknown {
    const row = rowAt(path);
    if (row === null) return value;
    const isItem = path.length > row.path.length;
    if (typeof value === 'string') return isItem ? coerceItem(row, value) : coerceText(row, value);
    if (typeof value !== 'number' && typeof value !== 'boolean') return value;
    const takesText = isItem ? row.kind !== 'int list' : ['text', 'path', 'list'].includes(row.kind);
    return takesText ? (this.document.sourceOf(path) ?? String(value)) : value;
  }
}
