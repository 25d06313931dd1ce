import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expandReferences } from './references.ts';

const env = { TOKEN: 's3cret', EMPTY: '' };

test('puts variables in, several in one text', () => {
  assert.deepEqual(expandReferences('Bearer ${TOKEN}-${TOKEN}', env), {
    text: 'Bearer s3cret-s3cret',
    expanded: true,
    faults: [],
  });
});

test('leaves other dollars alone, and $${ is the text ${', () => {
  assert.equal(expandReferences('pa$$word$1 $TOKEN $${TOKEN}', env).text, 'pa$$word$1 $TOKEN ${TOKEN}');
});

test('what a variable holds is not expanded again', () => {
  assert.equal(expandReferences('${A}', { A: '${B}', B: 'x' }).text, '${B}');
});

test('names an unset and an empty variable', () => {
  const { faults } = expandReferences('${NOPE}${EMPTY}', env);
  assert.deepEqual(
    faults.map(({ code }) => code),
    ['UNSET_VARIABLE', 'UNSET_VARIABLE'],
  );
  assert.match(faults[0]?.message ?? '', /NOPE is not set/);
  assert.match(faults[1]?.message ?? '', /EMPTY is empty/);
});

test('refuses what only looks like a reference', () => {
  for (const text of ['${A-B}', '${', '${}', 'x${1A}', '${A']) {
    assert.deepEqual(
      expandReferences(text, { A: 'x' }).faults.map(({ code }) => code),
      ['BAD_REFERENCE'],
      text,
    );
  }
});
