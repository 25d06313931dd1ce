import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parseByteSize } from './byte-size.ts';

describe('parseByteSize', () => {
  test('parses bytes and binary units', () => {
    const cases = {
      '0': 0,
      '1024': 1024,
      '1KB': 1024,
      '50MB': 52_428_800,
      '1.5 GiB': 1_610_612_736,
      '2k': 2048,
      '7b': 7,
      '1tb': 1024 ** 4,
      '1PiB': 1024 ** 5,
      '1_048_576': 1_048_576,
    };
    for (const [text, bytes] of Object.entries(cases)) assert.equal(parseByteSize(text), bytes, text);
  });

  test('returns null when the text is not a size', () => {
    for (const text of ['', 'MB', '-1', '1e3', '1 M B', '1EB', '99999999TB', '0x10', '1,5MB']) {
      assert.equal(parseByteSize(text), null, text);
    }
  });

  test('multiplies by the unit, whose case is ignored', () => {
    const unit = fc.constantFrom(
      ['KB', 1024] as const,
      ['MB', 1024 ** 2] as const,
      ['GB', 1024 ** 3] as const,
    );
    fc.assert(
      fc.property(fc.nat(1_000_000), unit, fc.boolean(), (amount, [name, factor], lower) => {
        assert.equal(parseByteSize(`${amount}${lower ? name.toLowerCase() : name}`), amount * factor);
      }),
    );
  });

  test('returns null or a safe integer for any text', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const bytes = parseByteSize(text);
        assert.ok(bytes === null || (Number.isSafeInteger(bytes) && bytes >= 0));
      }),
    );
  });
});
