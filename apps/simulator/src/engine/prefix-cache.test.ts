import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPrefixCache } from './prefix-cache.ts';

const block = (letter: string): string => letter.repeat(128);

test('finds the longest remembered prefix, in whole blocks of 32 tokens', () => {
  const cache = createPrefixCache(1_000);
  cache.remember(block('a') + block('b') + 'tail');
  assert.equal(cache.cachedTokens(block('a') + block('b') + block('c')), 64);
  assert.equal(cache.cachedTokens(block('a') + block('x') + block('b')), 32);
  assert.equal(cache.cachedTokens(block('b')), 0, 'a block counts only behind the same prefix');
});

test('evicts the oldest text first when the cache is full, its end before its start', () => {
  const cache = createPrefixCache(32 * 3);
  cache.remember(block('a') + block('b'));
  cache.remember(block('c') + block('d'));
  assert.equal(cache.cachedTokens(block('a') + block('b')), 32);
  assert.equal(cache.cachedTokens(block('c') + block('d')), 64);
});

test('keeps the start of a prompt that is longer than the cache', () => {
  const cache = createPrefixCache(32 * 2);
  cache.remember(block('a') + block('b') + block('c'));
  assert.equal(cache.cachedTokens(block('a') + block('b') + block('c')), 64);
});
