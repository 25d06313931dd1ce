import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { matchesFilter, matchesGlob } from './glob.ts';

describe('matchesGlob', () => {
  test('matches any characters with a star and one with a question mark', () => {
    const yes = [
      ['*', ''],
      ['llama*', 'llama3:8b'],
      ['*embed*', 'nomic-embed-text'],
      ['?b', '7b'],
      ['A*C', 'abbbc'],
      ['a*b*c', 'aXbYbZc'],
      ['q[4]', 'Q[4]'],
    ] as const;
    const no = [
      ['7b', '17b'],
      ['?b', '17b'],
      ['llama', 'llama3'],
      ['a*b', 'abc'],
      ['', 'x'],
      ['?', ''],
    ] as const;
    for (const [pattern, name] of yes) assert.ok(matchesGlob(pattern, name), `${pattern} ${name}`);
    for (const [pattern, name] of no) assert.ok(!matchesGlob(pattern, name), `${pattern} ${name}`);
  });

  test('agrees with a regular expression', () => {
    const short = (letters: string[]) =>
      fc.array(fc.constantFrom(...letters), { maxLength: 8 }).map((list) => list.join(''));
    fc.assert(
      fc.property(short(['a', 'b', '*', '?']), short(['a', 'b']), (pattern, name) => {
        const expression = new RegExp(`^${pattern.replaceAll('*', '.*').replaceAll('?', '.')}$`);
        assert.equal(matchesGlob(pattern, name), expression.test(name));
      }),
    );
  });

  test('returns in time for a pattern of 200 stars', () => {
    assert.ok(!matchesGlob('*a'.repeat(200) + 'b', 'a'.repeat(2000)));
  });
});

describe('matchesFilter', () => {
  test('lets all names pass without a filter or without include', () => {
    assert.ok(matchesFilter(null, 'x'));
    assert.ok(matchesFilter({ include: null, exclude: [] }, 'x'));
  });

  test('lets no name pass that exclude matches', () => {
    const filter = { include: ['llama*'], exclude: ['*:70b'] };
    assert.ok(matchesFilter(filter, 'llama3:8b'));
    assert.ok(!matchesFilter(filter, 'llama3:70b'));
    assert.ok(!matchesFilter(filter, 'qwen3'));
  });

  test('lets no name pass when include is empty, unless exclude has patterns', () => {
    assert.ok(!matchesFilter({ include: [], exclude: [] }, 'x'));
    assert.ok(matchesFilter({ include: [], exclude: ['y'] }, 'x'));
    assert.ok(!matchesFilter({ include: [], exclude: ['y'] }, 'y'));
  });
});
