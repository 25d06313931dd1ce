import assert from 'node:assert/strict';
import { test } from 'node:test';
import { modelInPath } from './model-in-path.ts';

test('takes all behind `models/` for the model, whatever its characters, without the action', () => {
  assert.deepEqual(modelInPath('/v1/models/org/m/unload'), { model: 'org/m', isUnload: true });
  assert.deepEqual(modelInPath('/models/ai/smollm2'), { model: 'ai/smollm2', isUnload: false });
  // A path that matches nowhere would be searched from each `models/` to its end.
  assert.deepEqual(modelInPath('/models/models/a\nb/load'), { model: 'models/a\nb', isUnload: false });
  assert.equal(modelInPath('/v1/models'), null);
});
