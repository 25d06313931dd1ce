import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseModelName } from './parse-model-name.ts';
import { readRow, TABLE_OF_NAMES } from './table-of-names.ts';

test('the table holds at least 200 real names', () => {
  const names = TABLE_OF_NAMES.flatMap((entry) => entry.names);
  assert.ok(names.length >= 200, `${names.length} names`);
  assert.equal(new Set(names).size, names.length, 'each row once');
});

for (const { family, size, quantization, names } of TABLE_OF_NAMES) {
  for (const row of names) {
    test(`reads ${row}`, () => {
      const { name, ...hints } = readRow(row);
      const parsed = parseModelName(name, hints);
      assert.equal(parsed.family, family);
      assert.equal(parsed.quantization, quantization);
      // Of one model some servers tell a size that its name leaves out.
      if (parsed.size !== null) assert.equal(parsed.size, size);
    });
  }
}

test('any text is read without an error', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (name) => {
      const parsed = parseModelName(name, { type: 'ollama', quantization: null, parameterSize: null });
      return typeof parsed.publisher === 'string';
    }),
    { numRuns: 500 },
  );
});
