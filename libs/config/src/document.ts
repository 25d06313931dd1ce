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

/** A mistake in the syntax of a file. */
export interface YamlProblem extends Position {
  readonly code: 'YAML_SYNTAX' | 'DUPLICATE_KEY';
  readonly message: string;
  /** The key that occurs twice; empty for other problems. */
  readonly path: Path;
}

/** A parsed YAML text, with the positions of its keys and values. */
export interface ConfigDocument {
  /** Plain data; null if the text is empty or cannot be parsed. */
  readonly value: unknown;
  readonly problems: readonly YamlProblem[];
  readonly warnings: readonly YamlProblem[];
  /** The position of a key or of its value. For a path that the text lacks, that of the nearest section around it. */
  readonly locate: (path: Path, part: 'key' | 'value') => Position;
  /** A scalar as it is written in the text; null if the path has none. */
  readonly sourceOf: (path: Path) => string | null;
}

/** Parses a YAML text. Never throws: mistakes are in `problems`. */
export function readDocument(text: string): ConfigDocument {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: true });
  const place = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const toProblem = ({ code, message, pos }: YAMLError): YamlProblem =>
    code === 'DUPLICATE_KEY'
      ? { code, message: 'occurs twice in this section', path: pathOfKey(document, pos[0]), ...place(pos[0]) }
      : { code: 'YAML_SYNTAX', message: withoutSource(message), path: [], ...place(pos[0]) };
  const problems = document.errors.map(toProblem);
  let value: unknown = null;
  if (problems.every(({ code }) => code === 'DUPLICATE_KEY')) {
    try {
      value = document.toJS();
    } catch {
      // `toJS` throws for aliases only: those without an anchor, and those that expand to too many nodes.
      problems.push({ code: 'YAML_SYNTAX', path: [], ...aliasProblem(document, place) });
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
    problems,
    warnings: document.warnings.map(toProblem),
    locate: (path, part) => {
      const steps = follow(path);
      const last = steps.at(-1);
      const isComplete = steps.length === path.length + 1;
      const node = part === 'key' || !isComplete ? (last?.key ?? last?.value) : (last?.value ?? last?.key);
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

/** The alias that has no anchor. If all have one, the aliases expand too far. */
function aliasProblem(
  document: Document,
  place: (offset: number) => Position,
): Position & { message: string } {
  let unknown: Alias | null = null;
  visit(document, {
    Alias: (_, alias) => {
      if (alias.resolve(document) !== undefined) return undefined;
      unknown = alias;
      return visit.BREAK;
    },
  });
  const message =
    unknown === null ? 'its aliases expand to too many values' : 'there is no anchor for this alias';
  return { message, ...place(offsetOf(unknown)) };
}

function offsetOf(node: Node | null): number {
  return node?.range?.[0] ?? 0;
}

/** Removes what the parser quotes from the text, because it may be a secret. */
function withoutSource(message: string): string {
  return message.replace(/:? ?(["'`]).*\1.*$/s, '').replace(/(characters|token): .*$/s, '$1');
}

/** The path of the key that starts at an offset of the text. */
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
