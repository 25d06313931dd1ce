import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { JsonBodyScanner } from './json-body-scanner.ts';
import { ANY_CASE_RULES, dependsOnRules, PLAIN_RULES, readModel, type ModelRules } from './read-model.ts';

const QUERY: ModelRules = { ...PLAIN_RULES, query: 'without_body' };
const QUERY_FIRST: ModelRules = { ...PLAIN_RULES, query: 'always' };
const TWO = 'two names';

const cases: [body: string | null, inQuery: string[], rules: ModelRules, model: string | null][] = [
  ['{"model":"a"}', [], PLAIN_RULES, 'a'],
  ['{"Model":"a"}', [], PLAIN_RULES, null],
  ['{"Model":"a"}', [], ANY_CASE_RULES, 'a'],
  ['{"model":"a","Model":"b"}', [], PLAIN_RULES, 'a'],
  ['{"model":"a","Model":"b"}', [], ANY_CASE_RULES, TWO],
  ['{"model":"a","MODEL":null}', [], ANY_CASE_RULES, TWO],
  ['{"model":"a","Model":"a"}', [], ANY_CASE_RULES, 'a'],
  ['{"model":"a","Model":[]}', [], PLAIN_RULES, 'a'],
  ['{"model":"a","Model":[]}', [], ANY_CASE_RULES, TWO],
  ['{"Model":{}}', [], ANY_CASE_RULES, TWO],
  ['{"model":"","Model":null}', [], ANY_CASE_RULES, null],
  [null, ['a'], PLAIN_RULES, null],
  [null, ['a'], QUERY, 'a'],
  [null, ['a', 'b'], QUERY, TWO],
  ['{"model":"b"}', ['a'], QUERY, 'b'],
  ['{"model":"b"}', ['a'], QUERY_FIRST, TWO],
  ['{"model":"a"}', ['a'], QUERY_FIRST, 'a'],
  ['{"model":""}', ['a'], QUERY_FIRST, 'a'],
];
describe('readModel', () => {
  for (const [body, inQuery, rules, model] of cases)
    test(`the model of ${body ?? 'no body'} ?${inQuery.join('&')} by ${JSON.stringify(rules)} is ${String(model)}`, () => {
      const scanner = new JsonBodyScanner();
      scanner.push(Buffer.from(body ?? ''));
      const asked = { fields: body === null ? null : scanner, inQuery, hasBody: body !== null };
      const read = readModel(asked, rules);
      assert.deepEqual([read.model, read.isAmbiguous], model === TWO ? [null, true] : [model, false]);
      // Bodies that servers may read in two ways are known: others are not read twice.
      const plain = readModel(asked, PLAIN_RULES);
      assert.ok(
        dependsOnRules(asked) || (plain.model === read.model && plain.isAmbiguous === read.isAmbiguous),
      );
    });
});
