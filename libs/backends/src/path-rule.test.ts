import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createRuleSet } from './path-rule.ts';

describe('a set of rules for paths', () => {
  const rules = createRuleSet([
    '/flush',
    'POST /slots/*',
    'GET,DELETE /models/**',
    'POST /models/**/push',
    'POST /a.b',
  ]);
  for (const [method, path, fits] of [
    ['GET', '/flush', true],
    ['POST', '/flush', true],
    ['POST', '/flush/x', false],
    ['POST', '/slots/0', true],
    ['GET', '/slots/0', false],
    ['POST', '/slots/0/1', false],
    ['POST', '/slots/', false],
    ['DELETE', '/models/ai/smollm2', true],
    ['HEAD', '/models/ai/smollm2', true],
    ['POST', '/models/ai/smollm2', false],
    ['POST', '/models/ai/smollm2/push', true],
    ['POST', '/models/push', false],
    ['POST', '/axb', false],
    ['POST', '/a.b', true],
    ['POST', '/constructor', false],
  ] as const)
    test(`${fits ? 'fits' : 'does not fit'} ${method} ${path}`, () => {
      assert.equal(rules.fits(method, path), fits);
    });

  test('has no rule without a path', () => {
    for (const rule of ['POST', 'post /a', 'POST  /a', 'a/b', ''])
      assert.throws(() => createRuleSet([rule]), RangeError, rule);
  });
});
