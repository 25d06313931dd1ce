import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Key } from 'ink';
import { toPresses } from './to-presses.ts';

const key = (more: Partial<Key> = {}) => more as Key;

test('keys typed fast are one press each, those with a name too', () => {
  assert.deepEqual(toPresses('jj', key()), [
    { kind: 'text', text: 'j' },
    { kind: 'text', text: 'j' },
  ]);
  assert.deepEqual(
    toPresses('/ab\r\t\u007f', key()).map(({ kind }) => kind),
    ['text', 'text', 'text', 'enter', 'tab', 'backspace'],
  );
});

test('named keys, Ctrl+C and Ctrl+Z', () => {
  assert.deepEqual(toPresses('', key({ pageDown: true })), [{ kind: 'pageDown' }]);
  assert.deepEqual(toPresses('c', key({ ctrl: true })), [{ kind: 'interrupt' }]);
  assert.deepEqual(toPresses('z', key({ ctrl: true })), [{ kind: 'suspend' }]);
  assert.deepEqual(toPresses('x', key({ ctrl: true })), []);
  assert.deepEqual(toPresses('d', key({ meta: true })), []);
});
