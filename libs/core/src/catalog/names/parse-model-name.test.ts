import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { PLAIN_NAMES, type NameRules } from './name-rules.ts';
import { parseModelName } from './parse-model-name.ts';

// Real names are tested in libs/backends/src/model-names.test.ts, with the rules of their servers.
function parse(name: string, rules: Partial<NameRules> = {}, quantization: string | null = null) {
  const reported = { quantization, parameterSize: '8.0B', publisher: null };
  return parseModelName(name, { rules: { ...PLAIN_NAMES, ...rules }, ...reported });
}

describe('parseModelName', () => {
  test('completes a short name only by the rules of a server that has short names', () => {
    assert.equal(parse('llama3.1:8b').variant, '3.1');
    assert.equal(parse('llama3.1:8b', { shortNames: 'own' }).variant, '3.1-instruct');
    assert.equal(parse('somebody/llama3.1:8b', { shortNames: 'own' }).variant, '3.1');
    assert.equal(parse('llama3.1:8b', { shortNames: 'published' }).variant, '3.1');
    assert.equal(parse('meta/llama3.1:8b', { shortNames: 'published' }).variant, '3.1-instruct');
  });

  test('reads `text` as the base model only if the rules say so', () => {
    assert.equal(parse('llama3.1:8b-text', { shortNames: 'own', textMeansBase: true }).variant, '3.1-base');
    assert.equal(parse('llama3.1:8b-text', { shortNames: 'own' }).variant, '3.1-text');
  });

  test('takes the weights for those of the repository only if the rules say so', () => {
    assert.equal(parse('meta-llama/Llama-3.1-8B-Instruct').weights, null);
    assert.equal(parse('meta-llama/Llama-3.1-8B-Instruct', { asPublished: true }).weights, 'as published');
    assert.equal(parse('openai/gpt-oss-20b', { asPublished: true }).weights, 'MXFP4');
    assert.equal(parse('my-llama-3.1-8b-instruct', { asPublished: true }).weights, null);
  });

  test('reads any text without an error', () => {
    const rules = fc.record<NameRules>({
      shortNames: fc.constantFrom('none', 'own', 'published'),
      textMeansBase: fc.boolean(),
      asPublished: fc.boolean(),
      preferredAsId: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), rules, (name, of) => {
        return typeof parse(name, of).publisher.name === 'string';
      }),
      { numRuns: 500 },
    );
  });
});
