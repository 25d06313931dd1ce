import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { JsonBodyScanner } from './json-body-scanner.ts';
import { modelToken, spliceChunks, spliceDelta } from './splice-model.ts';

const rest = fc.dictionary(
  fc.string({ maxLength: 6 }).filter((key) => key.toLowerCase() !== 'model' && key !== '__proto__'),
  fc.jsonValue({ maxDepth: 2 }),
  { maxKeys: 4 },
);
const name = fc.string({ unit: 'binary', maxLength: 20 });

describe('spliceModel', () => {
  test('splicing changes the model and no other byte, in one piece and in chunks', () => {
    fc.assert(
      fc.property(rest, rest, name, name, fc.nat(40), (before, after, old, next, size) => {
        const text = JSON.stringify({ ...before, model: old, ...after }, undefined, 1);
        const body = Buffer.from(text.replace(/\}$/, `,"model":${JSON.stringify(old)}}`));
        const scanner = new JsonBodyScanner();
        scanner.push(body);
        scanner.end();
        const ranges = scanner.entries;
        const token = modelToken(next, 'json');
        let spliced = body.toString('latin1');
        for (const { start, end } of ranges.toReversed())
          spliced = spliced.slice(0, start) + token.toString('latin1') + spliced.slice(end);
        assert.equal(spliced.length, body.length + spliceDelta(ranges, token));
        const chunks: Buffer[] = [];
        for (let at = 0; at < body.length; at += size + 1) chunks.push(body.subarray(at, at + size + 1));
        for (const pieces of [[body], chunks])
          assert.equal(Buffer.concat(spliceChunks(pieces, ranges, token)).toString('latin1'), spliced);
      }),
      { numRuns: 500 },
    );
  });

  test('an empty range inserts the token', () => {
    for (const chunks of [['ab'], ['a', 'b']])
      assert.equal(
        Buffer.concat(
          spliceChunks(
            chunks.map((chunk) => Buffer.from(chunk)),
            [{ start: 1, end: 1 }],
            Buffer.from('X'),
          ),
        ).toString(),
        'aXb',
      );
  });

  test('a form gets the name without quotes or escapes', () => {
    assert.equal(modelToken('a"b', 'multipart').toString(), 'a"b');
  });
});
