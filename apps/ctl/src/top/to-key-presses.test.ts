import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Key } from 'ink';
import { toKeyPresses } from './to-key-presses.ts';

const key = (more: Partial<Key> = {}) => more as Key;

test('makes one press of each key in a text, named keys too', () => {
  assert.deepEqual(toKeyPresses('jj', key()), [
    { kind: 'text', text: 'j' },
    { kind: 'text', text: 'j' },
  ]);
  assert.deepEqual(
    toKeyPresses('/ab\r\t\u007f', key()).map(({ kind }) => kind),
    ['text', 'text', 'text', 'enter', 'tab', 'backspace'],
  );
});

test('converts named keys, Ctrl+C and Ctrl+Z', () => {
  assert.deepEqual(toKeyPresses('', key({ pageDown: true })), [{ kind: 'pageDown' }]);
  assert.deepEqual(toKeyPresses('c', key({ ctrl: true })), [{ kind: 'interrupt' }]);
  assert.deepEqual(toKeyPresses('z', key({ ctrl: true })), [{ kind: 'suspend' }]);
  assert.deepEqual(toKeyPresses('x', key({ ctrl: true })), []);
  assert.deepEqual(toKeyPresses('d', key({ meta: true })), []);
});
