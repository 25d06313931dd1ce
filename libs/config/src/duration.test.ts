import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { formatDuration, parseDuration } from './duration.ts';

describe('parseDuration', () => {
  test('parses the notation of Go', () => {
    const cases = {
      '300ms': 300,
      '1h30m': 5_400_000,
      '1.5s': 1_500,
      '.5m': 30_000,
      '+2s': 2_000,
      '0': 0,
      '0s': 0,
      '2m0.5s': 120_500,
      '1500us': 2,
      '7µs': 1,
      '1ns': 1,
    };
    for (const [text, ms] of Object.entries(cases)) assert.equal(parseDuration(text), ms, text);
  });

  test('returns null when the text is not a duration', () => {
    for (const text of ['', '30', '1.5', '-1s', '1 s', 's', '1d', '1h 30m', '.s', '1e3s', 'forever', '1S']) {
      assert.equal(parseDuration(text), null, text);
    }
  });

  test('parses what formatDuration writes to the same number', () => {
    fc.assert(fc.property(fc.nat(1e12), (ms) => assert.equal(parseDuration(formatDuration(ms)), ms)));
  });

  test('adds up the parts of a duration and never makes zero of a positive one', () => {
    const part = fc.tuple(fc.integer({ min: 1, max: 999 }), fc.constantFrom('ns', 'us', 'ms', 's', 'm', 'h'));
    const unitNs = { ns: 1, us: 1e3, ms: 1e6, s: 1e9, m: 6e10, h: 3.6e12 };
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 5 }), (parts) => {
        const ms = parseDuration(parts.map(([amount, unit]) => `${amount}${unit}`).join(''));
        const exact = parts.reduce((sum, [amount, unit]) => sum + (amount * unitNs[unit]) / 1e6, 0);
        assert.ok(ms !== null && ms >= 1 && Math.abs(ms - exact) <= 1, `${ms} for ${exact}`);
      }),
    );
  });
});
