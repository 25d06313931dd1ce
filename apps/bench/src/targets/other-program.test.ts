import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fillPlaceholders } from './other-program.ts';

test('replaces known placeholders and keeps other braces', () => {
  const template = 'http { listen {port}; proxy {backend}; map {unknown} { a b; } }';
  const filled = fillPlaceholders(template, { port: '8080', backend: 'http://127.0.0.1:9' });
  assert.equal(filled, 'http { listen 8080; proxy http://127.0.0.1:9; map {unknown} { a b; } }');
});
