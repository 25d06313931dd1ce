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

/** The words that the glossary's tables explain, and those that an explanation has in bold. */
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

/**
 * Words that must not be identifiers, because the glossary has a standard term. `allowed` is the folder of an
 * exception.
 */
const RETIRED: readonly { readonly word: string; readonly allowed?: string }[] = [
  { word: 'judge' },
  { word: 'invite' },
  { word: 'letGoOf' },
  { word: 'settleLeases' },
  { word: 'LeaseAsk' },
  { word: 'RouteAsk' },
  { word: 'SessionAsk' },
  { word: 'BodyAsk' },
  { word: 'Answers' },
  { word: 'ModelBook' },
  { word: 'Gate' },
  { word: 'beat' },
  { word: 'letGo' },
  { word: 'isAway' },
  { word: 'told' },
  { word: 'anew' },
  { word: 'nobody' },
  { word: 'headerValue' },
  // In the simulator, an exchange is one request with its response.
  { word: 'Exchange', allowed: 'apps/simulator/' },
];

/** The code of a source file without comments, whose words are not identifiers. */
function codeOf(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8').replaceAll(/^\s*(?:\/?\*|\/\/).*$/gm, '');
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

  test('leaves no retired word in an identifier', () => {
    const files = globSync('{apps,libs,e2e}/**/src/**/*.{ts,tsx}', {
      cwd: ROOT,
      exclude: ['**/node_modules/**'],
    });
    const sources = files.map((path) => ({ path, code: codeOf(path) }));
    const found = RETIRED.flatMap(({ word, allowed }) => {
      const identifier = new RegExp(`(?<!['"\`\\w])${word}(?!['"\`\\w])`);
      return sources
        .filter(
          ({ path, code }) => identifier.test(code) && (allowed === undefined || !path.startsWith(allowed)),
        )
        .map(({ path }) => `${word} in ${path}`);
    });
    assert.deepEqual(found, []);
  });
});
