import type * as z from 'zod';
import { choicesOf } from './choices.ts';
import type { Draft } from './draft.ts';
import { keysAt, keysNamed, rowAt } from './key-table.ts';
import { nearestWord } from './nearest-word.ts';
import { formatPath, type Path } from './problem.ts';
import { type Settings, settingsSchema } from './schema.ts';
import { isTree, withoutUndefined } from './tree.ts';

type Issue = z.core.$ZodIssue;

/**
 * Checks a draft against the schema and adds each mistake to the draft's problems.
 *
 * @param reported keys whose mistake is reported already, under another key
 * @returns the settings; null if the draft has problems
 */
export function checkDraft(draft: Draft, reported: readonly Path[]): Settings | null {
  const seen = new Set([...draft.problems.map(({ key }) => key), ...reported.map(formatPath)]);
  const result = settingsSchema.safeParse(draft.root, { jitless: true });
  for (const issue of result.error?.issues ?? []) {
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys) reportUnknown(draft, pathOf(issue), key);
    } else if (!seen.has(formatPath(pathOf(issue)))) {
      seen.add(formatPath(pathOf(issue)));
      reportBadValue(draft, issue);
    }
  }
  return result.success && draft.problems.length === 0 ? withoutUndefined(result.data) : null;
}

function pathOf(issue: Issue): Path {
  return issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
}

function reportUnknown(draft: Draft, section: Path, key: string): void {
  const siblings = keysAt(section) ?? [];
  const near = nearestWord(key, siblings);
  const elsewhere = near === null ? keysNamed(key) : [];
  const where = section.length === 0 ? 'a section of the configuration' : `a key of ${formatPath(section)}`;
  const knownKeys = near === null && elsewhere.length === 0 ? `. Known keys: ${siblings.join(', ')}` : '';
  const suggestion = near ?? elsewhere[0] ?? null;
  draft.report('UNKNOWN_KEY', [...section, key], `is not ${where}${knownKeys}`, { part: 'key', suggestion });
}

function reportBadValue(draft: Draft, issue: Issue): void {
  const path = pathOf(issue);
  const value = draft.get(path);
  const owner = ownerOf(draft, path);
  const message = issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message;
  if (value === undefined) {
    const text = message.startsWith('is missing') ? message : `is missing. It ${message}`;
    draft.report('MISSING_KEY', path, text + owner);
    return;
  }
  const shown =
    message.startsWith('must be ') && canShow(draft, path, value)
      ? `, not ${JSON.stringify(value).slice(0, 60)}`
      : '';
  const part = issue.code === 'invalid_key' ? 'key' : 'value';
  draft.report('BAD_VALUE', path, message + shown + owner, { part, suggestion: suggestValue(path, value) });
}

/** Text may contain a secret. Numbers, durations and the words of a choice do not. */
function canShow(draft: Draft, path: Path, value: unknown): boolean {
  const row = rowAt(path);
  if (row === null || row.secret || draft.isExpanded(path) || isTree(value) || Array.isArray(value))
    return false;
  return !['text', 'path', 'map'].includes(row.kind);
}

function suggestValue(path: Path, value: unknown): string | null {
  const row = rowAt(path);
  if (row?.kind !== 'choice' || typeof value !== 'string') return null;
  const choices = choicesOf(row.schema);
  return choices.includes(value) ? null : nearestWord(value, choices);
}

/** ` (endpoint NAME)` for a path within an endpoint, because its index alone is hard to find in a file. */
function ownerOf(draft: Draft, path: Path): string {
  if (path[2] !== 'endpoints' || path.length < 5) return '';
  const name = draft.get([...path.slice(0, 4), 'name']);
  return typeof name === 'string' && path[4] !== 'name' ? ` (endpoint ${name})` : '';
}
