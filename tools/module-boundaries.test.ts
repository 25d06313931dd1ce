import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { ESLint } from 'eslint';

const root = join(import.meta.dirname, '..');
const rule = '@nx/enforce-module-boundaries';

describe('module boundaries', () => {
  // A fresh folder for nx's data, because without a cached project graph the rule may skip itself.
  const graphFolder = mkdtempSync(join(tmpdir(), 'olla-graph-'));
  let eslint: ESLint;

  before(async () => {
    process.env['NX_WORKSPACE_DATA_DIRECTORY'] = graphFolder;
    delete process.env['NX_TASK_TARGET_PROJECT'];
    process.chdir(root);
    const { ESLint } = await import('eslint');
    const { default: tseslint } = await import('typescript-eslint');
    // The offending files exist only as text, so that no other task reads them. Rules that need types are off.
    const untyped = tseslint.configs.disableTypeChecked as object;
    eslint = new ESLint({
      cwd: root,
      overrideConfig: [untyped],
      ruleFilter: ({ ruleId }) => ruleId === rule,
    });
  });
  after(() => rmSync(graphFolder, { recursive: true, force: true }));

  /** Messages of the boundary rule for a file with this text at this path. */
  async function complaintsAbout(filePath: string, text: string): Promise<string[]> {
    const [result] = await eslint.lintText(text, { filePath: join(root, filePath) });
    assert.ok(result, `${filePath} was not linted`);
    for (const message of result.messages) assert.equal(message.ruleId, rule, message.message);
    return result.messages.map(({ message }) => message);
  }

  const forbidden: [file: string, text: string][] = [
    ['libs/core/src/canary.ts', "import type {} from '@olla/state/shared-state';"],
    ['libs/core/src/canary.ts', "export const port = import('@olla/state/shared-state');"],
    ['libs/core/src/canary.ts', "import type {} from '@olla/backends/table';"],
    ['libs/backends/src/canary.ts', "import type {} from '@olla/config/schema';"],
    ['libs/state/src/canary.ts', "import type {} from '@olla/backends/table';"],
    ['libs/config/src/canary.ts', "import type {} from '@olla/admin-api/client';"],
    ['libs/upstream/src/canary.ts', "import type {} from '@olla/testing/wait-for';"],
    ['libs/state/src/canary.ts', "import type {} from '../../core/src/snapshot.ts';"],
    ['apps/gateway/src/canary.ts', "export const main = import('@olla/discovery/main');"],
    ['apps/gateway/src/canary.ts', "import type {} from '../../ctl/src/program.ts';"],
    ['apps/discovery/src/canary.test.ts', "import type {} from '@olla/gateway/worker';"],
  ];
  for (const [file, text] of forbidden) {
    test(`forbids in ${file}: ${text}`, async () => {
      const complaints = await complaintsAbout(file, text);
      assert.equal(complaints.length, 1, complaints.join('\n') || 'the rule reported nothing');
    });
  }

  const allowed: [file: string, text: string][] = [
    ['libs/config/src/canary.ts', "import type {} from '@olla/backends/table';"],
    ['libs/state/src/canary.ts', "import type {} from '@olla/core/snapshot';"],
    ['libs/state/src/canary.test.ts', "import type {} from '@olla/testing/wait-for';"],
    ['apps/gateway/src/canary.ts', "import type {} from '@olla/state/shared-state';"],
    ['apps/ctl/src/canary.ts', "export const main = import('@olla/gateway/worker');"],
    ['libs/core/src/canary.ts', "import type {} from './snapshot.ts';"],
    ['libs/testing/src/canary.ts', "import type {} from './wait-for.ts';"],
    ['libs/testing/src/canary.ts', "import type {} from '@olla/core/snapshot';"],
  ];
  for (const [file, text] of allowed) {
    test(`allows in ${file}: ${text}`, async () => {
      assert.deepEqual(await complaintsAbout(file, text), []);
    });
  }
});
