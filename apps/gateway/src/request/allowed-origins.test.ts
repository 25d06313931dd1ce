import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createAllowedOrigins } from './allowed-origins.ts';

const PATTERNS = [
  'http://localhost:*',
  'https://*.example.com',
  'chrome-extension://*',
  'app://obsidian.md*',
  'https://One.Test',
];

describe('an allowed origin', () => {
  const origins = createAllowedOrigins(PATTERNS);
  for (const origin of [
    'http://localhost:3000',
    'https://ui.example.com',
    'https://a.b.EXAMPLE.com',
    'chrome-extension://abcdefghijklmnop',
    'app://obsidian.md',
    'https://one.test',
  ])
    test(`matches with one * for any text, in any case: ${origin}`, () => {
      assert.equal(origins.allows(origin), true);
      assert.equal(origins.names(origin), true);
    });
  for (const origin of [
    'https://ui.example.com.evil.test',
    'http://localhost.evil.test:1',
    'http://localhost:3000.evil.test',
    'http://localhost:@evil.test',
    'https://evil.test/.example.com',
    'https://evil.test#.example.com',
    'http://ui.example.com',
    'https://example.com',
    'https://one.test:8443',
    'null',
    '',
  ])
    test(`does not match: ${origin}`, () => assert.equal(origins.allows(origin), false));
});

test('a text does not match both sides of a *', () => {
  assert.equal(createAllowedOrigins(['https://aba*aba.test']).allows('https://aba.test'), false);
});

test('entries that match any page name no origin', () => {
  for (const entry of ['*', 'https://*', 'http*', 'null'])
    for (const origin of ['https://evil.example', 'null'])
      assert.equal(createAllowedOrigins([entry]).names(origin), false, `${entry} ${origin}`);
  assert.equal(createAllowedOrigins(['*']).any, true);
  assert.equal(createAllowedOrigins(['*', 'https://one.test']).names('https://one.test'), true);
});
