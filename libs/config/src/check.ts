import leven from 'leven';
import * as z from 'zod';
import type { Draft } from './draft.ts';
import { keysAt, keysNamed, rowAt } from './key-table.ts';
import { formatPath, type Path } from './problem.ts';
import { type Settings, settingsSchema } from './schema.ts';
import { isTree, withoutUndefined } from './tree.ts';

type Issue = z.core.$ZodIssue;

/**
 * Checks a draft against the schema and adds what is wrong to its problems.
 *
 * @param settled keys that have a problem of another key already
 * @returns the settings; null when the draft has problems
 */
export function checkDraft(draft: Draft, settled: readonly Path[]): Settings | null {
  const done = new Set([...draft.problems.map(({ key }) => key), ...settled.map(formatPath)]);
  const result = settingsSchema.safeParse(draft.root, { jitless: true });
  for (const issue of result.error?.issues ?? []) {
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys) reportUnknown(draft, pathOf(issue), key);
    } else if (!done.has(formatPath(pathOf(issue)))) {
      done.add(formatPath(pathOf(issue)));
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
  const near = nearest(key, siblings);
  const elsewhere = near === null ? keysNamed(key) : [];
  const where = section.length === 0 ? 'a section of the configuration' : `a key of ${formatPath(section)}`;
  const known = near === null && elsewhere.length === 0 ? `; known here: ${siblings.join(', ')}` : '';
  const suggestion = near ?? elsewhere[0] ?? null;
  draft.report('UNKNOWN_KEY', [...section, key], `is not ${where}${known}`, { part: 'key', suggestion });
}

function reportBadValue(draft: Draft, issue: Issue): void {
  const path = pathOf(issue);
  const value = draft.get(path);
  const owner = ownerOf(draft, path);
  const message = issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message;
  if (value === undefined) {
    const text = message.startsWith('is missing') ? message : `is missing; it ${message}`;
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

/** Text may be or hold a secret; numbers, durations and words of a choice do not. */
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
  return choices.includes(value) ? null : nearest(value, choices);
}

/** The words that a key of kind `choice` takes. */
export function choicesOf(schema: unknown): string[] {
  if (schema instanceof z.ZodEnum) return schema.options.map(String);
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodOptional) return choicesOf(schema.unwrap());
  return schema instanceof z.ZodPipe ? choicesOf(schema.in) : [];
}

/** ` (endpoint NAME)` for a path within one. */
function ownerOf(draft: Draft, path: Path): string {
  if (path[2] !== 'endpoints' || path.length < 5) return '';
  const name = draft.get([...path.slice(0, 4), 'name']);
  return typeof name === 'string' && path[4] !== 'name' ? ` (endpoint ${name})` : '';
}

function nearest(word: string, candidates: readonly string[]): string | null {
  const plain = word.toLowerCase().replaceAll('-', '_');
  let best: string | null = null;
  let bestDistance = Math.max(2, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = leven(plain, candidate.toLowerCase().replaceAll('-', '_'));
    if (distance >= bestDistance) continue;
    best = candidate;
    bestDistance = distance;
  }
  return best;
}
