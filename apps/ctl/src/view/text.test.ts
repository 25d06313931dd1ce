import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fitText, padText, safeText, textWidth } from './text.ts';

test('removes whole escape sequences and controls', () => {
  assert.equal(safeText('\u001b[31mred\u001b[0m'), 'red');
  assert.equal(safeText('\u001b]0;title\u0007name'), 'name');
  assert.equal(safeText('a\u009b2Jb\r\nc\u202ed'), 'a2Jbcd');
  assert.equal(safeText('日本 qwen3:8b'), '日本 qwen3:8b');
});

test('leaves no text that moves the cursor', () => {
  const texts = fc.array(
    fc.constantFrom('\u001b', '[', 'J', '2', '\u009b', ']', '\u0007', '\n', 'é', 'a', '\u202e'),
    { maxLength: 20 },
  );
  fc.assert(
    fc.property(texts, (pieces) => !/[\p{Cc}\u202e]/u.test(safeText(pieces.join('')))),
    { numRuns: 500 },
  );
});

test('measures, cuts and pads by terminal columns', () => {
  assert.equal(textWidth('日本'), 4);
  assert.equal(fitText('日本語', 4), '日…');
  assert.equal(fitText('gateway', 4, true), 'gat~');
  assert.equal(fitText('gateway', 0), '');
  assert.equal(padText('ab', 4), 'ab  ');
  assert.equal(padText('ab', 4, { align: 'right' }), '  ab');
});

test('pads every text to exactly the width', () => {
  const pieces = fc.array(fc.constantFrom('a', '日', 'e\u0301', '👩‍👩‍👧', '🇩🇪', ' ', 'ﷺ'), { maxLength: 30 });
  fc.assert(
    fc.property(pieces, fc.integer({ min: 0, max: 40 }), (texts, width) => {
      assert.equal(textWidth(padText(texts.join(''), width)), width);
    }),
    { numRuns: 500 },
  );
});
