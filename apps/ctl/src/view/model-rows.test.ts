import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { UnifiedModel } from '@olla/admin-api/client';
import { modelRows, MODEL_COLUMNS, showLoaded } from './model-rows.ts';

function model(id: string, more: Partial<UnifiedModel['olla']> = {}): UnifiedModel {
  const shared = { family: '', variant: '', parameter_size: '', quantization: '', capabilities: [] };
  return { id, olla: { ...shared, aliases: [id], availability: [], ...more } };
}

test('counts each endpoint of a model once, and shows the models of a name of several', () => {
  const availability = [
    { endpoint: 'a', state: 'loaded' },
    { endpoint: 'a', state: 'loaded' },
    { endpoint: 'b', state: 'not-loaded' },
  ];
  const [plain, pool] = modelRows(
    [model('m', { availability }), model('pool', { availability, alias_for: ['m', 'n'] })],
    null,
  );
  assert.ok(plain !== undefined && pool !== undefined);
  assert.deepEqual([plain.endpoints, showLoaded(plain), plain.aliasFor], [['a', 'b'], '1/2', []]);
  const column = MODEL_COLUMNS.find(({ title }) => title === 'ALIAS FOR') ?? assert.fail();
  assert.deepEqual([column.value(plain), column.value(pool)], ['-', 'm, n']);
});
