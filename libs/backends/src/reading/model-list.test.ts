import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { asPositive, parseJson } from './json.ts';
import { looksLikeModelList, readModelList } from './model-list.ts';

const RULES = {
  nameFields: ['id', 'name', 'model', 'key'],
  readEntry: (entry: Readonly<Record<string, unknown>>) => ({
    contextLength: asPositive(entry['context_length']),
  }),
};
const namesOf = (body: unknown): string[] | string => {
  const { models, problem } = readModelList(body, RULES);
  return problem ?? models.map(({ name }) => name);
};

describe('a list of models', () => {
  for (const [form, body] of [
    ['in data', { object: 'list', data: [{ id: 'a' }, { id: 'b' }] }],
    ['in data alone', { data: [{ id: 'a' }, { id: 'b' }] }],
    ['in models', { models: [{ id: 'a' }, { id: 'b' }] }],
    ['in models beside an empty data', { data: null, models: [{ id: 'a' }, { id: 'b' }] }],
    ['in data beside models', { models: [{ name: 'x' }], data: [{ id: 'a' }, { id: 'b' }] }],
    ['as the list itself', [{ id: 'a' }, { id: 'b' }]],
    ['of names alone', { data: ['a', 'b'] }],
    ['under name', { models: [{ name: 'a' }, { name: 'b' }] }],
    ['under model', { models: [{ model: 'a' }, { model: 'b' }] }],
    ['under key', { models: [{ key: 'a' }, { key: 'b' }] }],
    ['with an entry without a name', [{ id: 'a' }, {}, null, 7, { id: '' }, { id: 'b' }]],
    ['with a name twice', [{ id: 'a' }, { id: 'b' }, { id: 'a' }]],
  ] as const)
    test(`is read ${form}`, () => assert.deepEqual(namesOf(body), ['a', 'b']));

  for (const body of [null, [], { data: null }, { models: null }, { data: [] }, { data: null, models: [] }])
    test(`is empty as ${JSON.stringify(body)}`, () => assert.deepEqual(namesOf(body), []));

  for (const [text, problem] of [
    ['<html></html>', 'what is no JSON'],
    ['', 'what is no JSON'],
    ['"models"', 'JSON that is no list of models'],
    ['7', 'JSON that is no list of models'],
    ['{}', 'an object without data or models, where a list of models is'],
    ['{"error":"secret text of the backend"}', 'an error in place of a list of models'],
    ['{"data":{"id":"a"}}', 'an object whose data is no list'],
    ['{"data":"a","models":7}', 'an object whose data and models is no list'],
    ['[{"title":"a"}]', 'a list whose entries have no id, name, model, key'],
  ] as const)
    test(`is not ${text || 'an empty text'}, and the reason is given`, () =>
      assert.equal(namesOf(parseJson(text)), problem));

  test('keeps the data of its entries', () => {
    const { models } = readModelList([{ id: 'a', context_length: 7 }], RULES);
    assert.equal(models[0]?.contextLength, 7);
  });

  test('shows the kind of a server only if it is a list with entries', () => {
    for (const body of [{ data: [] }, { models: [] }, [{ id: 'a' }]]) assert.ok(looksLikeModelList(body));
    for (const body of [null, [], {}, [{}], 'a', undefined]) assert.ok(!looksLikeModelList(body));
  });
});
