import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { parse } from 'yaml';
import * as z from 'zod';
import { renderJsonSchema, renderMarkdown } from './docs.ts';
import { GENERATED, generatedPath } from './generate-docs.ts';
import { loadSettings } from './load.ts';

const cwd = mkdtempSync(join(tmpdir(), 'olla-config-'));
after(() => rmSync(cwd, { recursive: true }));

describe('the generated documentation', () => {
  for (const { path, render } of GENERATED) {
    test(`equals ${path}; if not, run: node libs/config/src/generate-docs.ts`, () => {
      assert.equal(readFileSync(generatedPath(path), 'utf8'), render());
    });
  }

  test('has examples in docs/config.md that load without a notice but that of open CORS', () => {
    const examples = [...renderMarkdown().matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, text]) => text ?? '');
    assert.equal(examples.length, 1);
    for (const text of examples) {
      writeFileSync(join(cwd, 'config.yaml'), text);
      const loaded = loadSettings({ env: { GPU_TOKEN: 'x' }, cwd });
      assert.ok(loaded.ok, JSON.stringify(loaded));
      assert.deepEqual(
        loaded.notices.map(({ code }) => code),
        ['LENT_CREDENTIALS'],
      );
    }
  });

  test('accepts every key by the JSON Schema and refuses unknown keys and values', () => {
    const schema = z.fromJSONSchema(JSON.parse(renderJsonSchema()));
    const example: unknown = parse(
      readFileSync(generatedPath('./fixtures/every-key.yaml'), 'utf8')
        .replace('name: 42', 'name: "42"')
        .replace('X-Revision: 7', 'X-Revision: "7"'),
    );
    assert.deepEqual(schema.safeParse(example).error?.issues, undefined);
    assert.equal(schema.safeParse({ server: { prot: 1 } }).success, false);
    assert.equal(schema.safeParse({ proxy: { load_balancer: 'random' } }).success, false);
    assert.equal(schema.safeParse({ discovery: { static: { endpoints: [{ name: 'a' }] } } }).success, false);
  });
});
