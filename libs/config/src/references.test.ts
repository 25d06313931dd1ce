import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { expandReferences } from './references.ts';

const env = { TOKEN: 's3cret', EMPTY: '' };

describe('expandReferences', () => {
  test('replaces several references in one text', () => {
    assert.deepEqual(expandReferences('Bearer ${TOKEN}-${TOKEN}', env), {
      text: 'Bearer s3cret-s3cret',
      expanded: true,
      problems: [],
    });
  });

  test('keeps other dollar signs and makes ${ of $${', () => {
    assert.equal(expandReferences('pa$$word$1 $TOKEN $${TOKEN}', env).text, 'pa$$word$1 $TOKEN ${TOKEN}');
  });

  test('does not expand the value of a variable again', () => {
    assert.equal(expandReferences('${A}', { A: '${B}', B: 'x' }).text, '${B}');
  });

  test('reports an unset and an empty variable by name', () => {
    const { problems } = expandReferences('${NOPE}${EMPTY}', env);
    assert.deepEqual(
      problems.map(({ code }) => code),
      ['UNSET_VARIABLE', 'UNSET_VARIABLE'],
    );
    assert.match(problems[0]?.message ?? '', /NOPE is not set/);
    assert.match(problems[1]?.message ?? '', /EMPTY is empty/);
  });

  test('reports a ${ that does not name a variable', () => {
    for (const text of ['${A-B}', '${', '${}', 'x${1A}', '${A']) {
      assert.deepEqual(
        expandReferences(text, { A: 'x' }).problems.map(({ code }) => code),
        ['BAD_REFERENCE'],
        text,
      );
    }
  });
});
