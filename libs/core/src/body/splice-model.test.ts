import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { JsonBodyScanner } from './json-body-scanner.ts';
import { modelToken, spliceChunks, spliceDelta } from './splice-model.ts';

const rest = fc.dictionary(
  fc.string({ maxLength: 6 }).filter((key) => key !== 'model' && key !== '__proto__'),
  fc.jsonValue({ maxDepth: 2 }),
  { maxKeys: 4 },
);
const name = fc.string({ unit: 'binary', maxLength: 20 });

test('splicing changes the model and no other byte, in one piece and in chunks', () => {
  fc.assert(
    fc.property(rest, rest, name, name, fc.nat(40), (before, after, old, next, size) => {
      const text = JSON.stringify({ ...before, model: old, ...after }, undefined, 1);
      const body = Buffer.from(text);
      const scanner = new JsonBodyScanner({ untilEnd: true });
      scanner.push(body);
      const { modelStart, modelEnd } = scanner;
      const token = modelToken(next, 'json');
      const spliced =
        body.subarray(0, modelStart).toString() + JSON.stringify(next) + body.subarray(modelEnd).toString();
      assert.equal(Buffer.byteLength(spliced), body.length + spliceDelta(modelStart, modelEnd, token));
      const chunks: Buffer[] = [];
      for (let at = 0; at < body.length; at += size + 1) chunks.push(body.subarray(at, at + size + 1));
      for (const pieces of [[body], chunks])
        assert.equal(Buffer.concat(spliceChunks(pieces, modelStart, modelEnd, token)).toString(), spliced);
    }),
    { numRuns: 500 },
  );
});

test('a form takes the name as it is', () => {
  assert.equal(modelToken('a"b', 'multipart').toString(), 'a"b');
});
