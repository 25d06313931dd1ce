import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { escapeControls, escapeControlsInLines, hasControls, removeControls } from './control-characters.ts';

const CONTROLS = [
  0x00, 0x07, 0x0a, 0x1b, 0x7f, 0x80, 0x85, 0x9b, 0x9d, 0x61c, 0x200e, 0x2028, 0x202e, 0x2066, 0x2069, 0xfeff,
];
const text = fc.string({
  unit: fc.oneof(
    fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)),
    fc.constantFrom(...CONTROLS.map((code) => String.fromCharCode(code))),
  ),
});

function isSafe(value: string, but = ''): boolean {
  return [...value].every((character) => {
    const code = character.codePointAt(0) ?? 0;
    return character === but || !(code < 0x20 || (code >= 0x7f && code < 0xa0) || CONTROLS.includes(code));
  });
}

describe('control characters', () => {
  test('are in no text that was escaped or from which they were removed', () => {
    fc.assert(
      fc.property(text, (value) => {
        assert.ok(isSafe(escapeControls(value)));
        assert.ok(isSafe(removeControls(value)));
        assert.ok(isSafe(escapeControlsInLines(value), '\n'));
        assert.equal(hasControls(value), escapeControls(value) !== value);
      }),
      { numRuns: 1_000 },
    );
  });

  test('mean the same characters in JSON that was escaped', () => {
    fc.assert(
      fc.property(text, (value) => {
        assert.equal(JSON.parse(escapeControls(JSON.stringify(value))), value);
        assert.deepEqual(JSON.parse(escapeControlsInLines(JSON.stringify({ value }, null, 2))), { value });
      }),
    );
  });

  test('leave every other character unchanged', () => {
    for (const value of ['qwen3:8b', 'Ünïcödé-模型 🙂', ''])
      for (const change of [escapeControls, removeControls, escapeControlsInLines])
        assert.equal(change(value), value);
    assert.equal(escapeControls('a\u009b2Jb\u202e\u0007'), 'a\\u009b2Jb\\u202e\\u0007');
    assert.equal(removeControls('a\u009b2Jb\u202e'), 'a2Jb');
  });
});
