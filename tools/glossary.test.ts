import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';

const ROOT = join(import.meta.dirname, '..');
const GLOSSARY = 'docs/glossary.md';
const TEXTS = [
  'README.md',
  'docs/**/*.md',
  'deploy/**/*.md',
  '{apps,libs}/*/src/**/*.{ts,tsx}',
  'e2e/src/**/*.ts',
];

/** The words that the glossary's tables explain, and those that an explanation introduces in bold. */
function explainedWords(): string[] {
  const rows = readFileSync(join(ROOT, GLOSSARY), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| **'));
  return rows.flatMap((row) => [...row.matchAll(/\*\*(.+?)\*\*/g)].map(([, word]) => word ?? ''));
}

/** Matches a word in prose, in a file's name and in an identifier: `probe permit`, `probe-permit`, `probePermit`. */
function usePattern(word: string): RegExp {
  return new RegExp(`(?<![a-z])${word.replaceAll(' ', '[ \\n-]?')}`, 'i');
}

describe('the glossary', () => {
  const words = explainedWords();

  test('explains each word once', () => {
    assert.ok(words.length > 40, `${words.length} words were found`);
    assert.deepEqual(words, [...new Set(words)]);
  });

  test('explains only words that the code or another page uses', () => {
    const files = globSync(TEXTS, { cwd: ROOT }).filter((path) => path !== GLOSSARY);
    const text = files.map((path) => `${path}\n${readFileSync(join(ROOT, path), 'utf8')}`).join('\n');
    const unused = words.filter((word) => !usePattern(word).test(text));
    assert.deepEqual(unused, []);
  });
});
