import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { dropHeader, findHeader } from './find-header.ts';

describe('findHeader', () => {
  test('finds the first value of a header by its name in any case', () => {
    const flat = ['Content-Type', 'text/plain', 'X-A', '1', 'x-a', '2'];
    assert.equal(findHeader(flat, 'content-type'), 'text/plain');
    assert.equal(findHeader(flat, 'x-a'), '1');
  });

  test('returns null for a name that occurs only as a value, and for an empty list', () => {
    assert.equal(findHeader(['X-A', 'x-b'], 'x-b'), null);
    assert.equal(findHeader([], 'x-a'), null);
  });

  test('drops every value of a header and keeps the order of the others', () => {
    const flat = ['X-A', '1', 'X-B', '2', 'x-a', '3'];
    dropHeader(flat, 'x-a');
    assert.deepEqual(flat, ['X-B', '2']);
  });
});
