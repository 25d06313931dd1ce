import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { formatTraceparent, parseTraceparent } from './trace-context.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';

describe('parseTraceparent', () => {
  test('parses what formatTraceparent writes', () => {
    const hex = (length: number) =>
      fc
        .array(fc.constantFrom(...'0123456789abcdef'), { minLength: length, maxLength: length })
        .map((digits) => digits.join(''))
        .filter((text) => !/^0+$/.test(text));
    fc.assert(
      fc.property(hex(32), hex(16), fc.boolean(), fc.boolean(), (traceId, spanId, sampled, random) => {
        const flags = (sampled ? 1 : 0) | (random ? 2 : 0);
        assert.deepEqual(parseTraceparent(formatTraceparent(traceId, spanId, flags)), {
          traceId,
          spanId,
          sampled,
          otherFlags: random ? 2 : 0,
        });
      }),
      { numRuns: 200 },
    );
  });

  test('accepts more fields of a later version, and drops its unknown flags', () => {
    assert.deepEqual(parseTraceparent(`cc-${TRACE}-${SPAN}-f9-what-comes`), {
      traceId: TRACE,
      spanId: SPAN,
      sampled: true,
      otherFlags: 0,
    });
  });

  const invalid: Record<string, string> = {
    'an empty header': '',
    'version ff': `ff-${TRACE}-${SPAN}-01`,
    'a trace id of zeros': `00-${'0'.repeat(32)}-${SPAN}-01`,
    'a span id of zeros': `00-${TRACE}-${'0'.repeat(16)}-01`,
    'upper case': `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    'a short trace id': `00-${TRACE.slice(1)}-${SPAN}-01`,
    'no flags': `00-${TRACE}-${SPAN}`,
    'more behind version 00': `00-${TRACE}-${SPAN}-01-more`,
    'a version to come without a dash behind the flags': `01-${TRACE}-${SPAN}-01more`,
    'two headers that were joined': `00-${TRACE}-${SPAN}-01, 00-${TRACE}-${SPAN}-01`,
    'white space': ` 00-${TRACE}-${SPAN}-01`,
  };
  for (const [name, header] of Object.entries(invalid))
    test(`is null for ${name}`, () => assert.equal(parseTraceparent(header), null));
});
