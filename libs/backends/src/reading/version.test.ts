import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { lowestVersion } from './version.ts';

/** From the lowest to the highest. */
const ORDERED = [
  '0.0.1',
  '0.9.6',
  'v0.13.5',
  '0.14.0-alpha',
  '0.14.0-alpha.1',
  '0.14.0-alpha.beta',
  '0.14.0-rc2',
  '0.14.0-rc10',
  '0.14.0',
  '0.14.1-3-gabc1234',
  '0.14.2+build.7',
  '0.33.0',
  '1.0',
  '10.0.0',
];

describe('the lowest version', () => {
  test('is found among any of them in any order, by number and with pre-releases before releases', () => {
    const some = fc.shuffledSubarray(ORDERED, { minLength: 1 });
    fc.assert(
      fc.property(some, (texts) => {
        const lowest = Math.min(...texts.map((text) => ORDERED.indexOf(text)));
        assert.equal(lowestVersion(texts), ORDERED[lowest]);
      }),
    );
  });

  test('leaves out texts that are no version, and 0.0.0, which means an unknown one', () => {
    const unknown = [null, '', 'dev', 'unknown', '0.0.0', 'v0.0.0-dirty', '1.x', 'b6100-abc'];
    assert.equal(lowestVersion([...unknown, '0.14.2', '0.15.0']), '0.14.2');
    assert.equal(lowestVersion(unknown), null);
    assert.equal(lowestVersion([]), null);
  });
});
