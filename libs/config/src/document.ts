import {
  type Alias,
  type Document,
  isAlias,
  isPair,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  visit,
  type YAMLError,
} from 'yaml';
import type { Path } from './problem.ts';

export interface Position {
  readonly line: number;
  readonly column: number;
}

export interface SyntaxFault extends Position {
  readonly code: 'YAML_SYNTAX' | 'DUPLICATE_KEY';
  readonly message: string;
  /** Of a key that stands twice; empty for other faults. */
  readonly path: Path;
}

/** A YAML text that was read, and the places of what it says. */
export interface ConfigDocument {
  /** Plain data; null when the text is empty or cannot be read as a whole. */
  readonly value: unknown;
  readonly faults: readonly SyntaxFault[];
  readonly warnings: readonly SyntaxFault[];
  /** The place of a key or of its value, or of the nearest thing around it that the text has. */
  readonly locate: (path: Path, part: 'key' | 'value') => Position;
  /** A scalar as it is written; null when there is none. */
  readonly sourceOf: (path: Path) => string | null;
}

/** Reads a YAML text. Never throws: what is wrong is in `faults`. */
export function readDocument(text: string): ConfigDocument {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: true });
  const place = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const fault = ({ code, message, pos }: YAMLError): SyntaxFault =>
    code === 'DUPLICATE_KEY'
      ? { code, message: 'stands twice in this section', path: pathOfKey(document, pos[0]), ...place(pos[0]) }
      : { code: 'YAML_SYNTAX', message: withoutSource(message), path: [], ...place(pos[0]) };
  const faults = document.errors.map(fault);
  let value: unknown = null;
  if (faults.every(({ code }) => code === 'DUPLICATE_KEY')) {
    try {
      value = document.toJS();
    } catch {
      // The reader throws for aliases only: unknown ones, and those that multiply beyond measure.
      faults.push({ code: 'YAML_SYNTAX', path: [], ...aliasFault(document, place) });
    }
  }

  const follow = (path: Path) => {
    const steps: { key: Node | null; value: Node | null }[] = [{ key: null, value: document.contents }];
    for (const part of path) {
      const step = child(resolve(steps.at(-1)?.value ?? null), part);
      if (step === null) break;
      steps.push(step);
    }
    return steps;
  };
  const resolve = (node: Node | null): Node | null =>
    isAlias(node) ? (node.resolve(document) ?? null) : node;

  return {
    value,
    faults,
    warnings: document.warnings.map(fault),
    locate: (path, part) => {
      const steps = follow(path);
      const last = steps.at(-1);
      const whole = steps.length === path.length + 1;
      const node = part === 'key' || !whole ? (last?.key ?? last?.value) : (last?.value ?? last?.key);
      return place(offsetOf(node ?? null));
    },
    sourceOf: (path) => {
      const steps = follow(path);
      const node = resolve(steps.at(-1)?.value ?? null);
      return steps.length === path.length + 1 && isScalar(node) ? (node.source ?? null) : null;
    },
  };
}

function child(node: Node | null, part: string | number): { key: Node | null; value: Node | null } | null {
  if (isSeq<Node>(node)) {
    const item = node.items[Number(part)];
    return item === undefined ? null : { key: item, value: item };
  }
  if (!isMap<Node, Node>(node)) return null;
  const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(part));
  return pair === undefined ? null : { key: pair.key, value: pair.value };
}

/** Which alias is unknown; if none is, they are too many. */
function aliasFault(document: Document, place: (offset: number) => Position): Position & { message: string } {
  let unknown: Alias | null = null;
  visit(document, {
    Alias: (_, alias) => {
      if (alias.resolve(document) !== undefined) return undefined;
      unknown = alias;
      return visit.BREAK;
    },
  });
  const message = unknown === null ? 'aliases multiply too much' : 'no anchor has the name of this alias';
  return { message, ...place(offsetOf(unknown)) };
}

function offsetOf(node: Node | null): number {
  return node?.range?.[0] ?? 0;
}

/** The reader quotes the text that it stumbled over, which may be a secret. */
function withoutSource(message: string): string {
  return message.replace(/:? ?(["'`]).*\1.*$/s, '').replace(/(characters|token): .*$/s, '$1');
}

/** The path of the key that begins at an offset of the text. */
function pathOfKey(document: Document, offset: number): Path {
  let found: Path = [];
  visit(document, {
    Pair: (_, pair, ancestors) => {
      if (!isScalar(pair.key) || pair.key.range?.[0] !== offset) return undefined;
      const chain = [...ancestors, pair];
      found = chain.flatMap((node, index): (string | number)[] => {
        if (isPair(node) && isScalar(node.key)) return [String(node.key.value)];
        const parent = chain[index - 1];
        return isSeq(parent) ? [parent.items.indexOf(node)] : [];
      });
      return visit.BREAK;
    },
  });
  return found;
}
