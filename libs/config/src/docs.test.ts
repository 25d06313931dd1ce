import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parse } from 'yaml';
import * as z from 'zod';
import { renderJsonSchema } from './docs.ts';
import { GENERATED, generatedPath } from './generate-docs.ts';

for (const { path, render } of GENERATED) {
  test(`${path} is what the schema generates; if not: node libs/config/src/generate-docs.ts`, () => {
    assert.equal(readFileSync(generatedPath(path), 'utf8'), render());
  });
}

test('the JSON Schema accepts a file with every key, and refuses unknown keys and values', () => {
  const schema = z.fromJSONSchema(JSON.parse(renderJsonSchema()));
  const example: unknown = parse(
    readFileSync(generatedPath('./fixtures/every-key.yaml'), 'utf8')
      .replace('name: 42', 'name: "42"')
      .replace('X-Revision: 7', 'X-Revision: "7"'),
  );
  assert.deepEqual(schema.safeParse(example).error?.issues, undefined);
  assert.equal(schema.safeParse({ server: { prot: 1 } }).success, false);
  assert.equal(schema.safeParse({ proxy: { load_balancer: 'random' } }).success, false);
  assert.equal(
    schema.safeParse({ discovery: { static: { endpoints: [{ url: 'http://x' }] } } }).success,
    false,
  );
});
