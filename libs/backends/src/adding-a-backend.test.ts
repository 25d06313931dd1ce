import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { BackendProfile } from './profile.ts';
import { toBackendPath } from './paths.ts';
import { allPrefixes, indexPrefixes, PROFILES } from './table.ts';

const DOCUMENT = new URL('../../../docs/adding-a-backend.md', import.meta.url);
const TYPES = new URL('./types/', import.meta.url);

/** The profile of the document, loaded as the file that it tells to write. */
async function loadSnippet(): Promise<BackendProfile> {
  const snippet = /```ts\n([\s\S]*?)```/.exec(await readFile(DOCUMENT, 'utf8'))?.[1];
  assert.ok(snippet, 'the document has a snippet');
  const source = snippet.replaceAll(
    /from '(\.[^']+)'/g,
    (_, path: string) => `from '${new URL(path, TYPES).href}'`,
  );
  const folder = await mkdtemp(join(tmpdir(), 'olla-backend-'));
  try {
    const file = join(folder, 'tabby.ts');
    await writeFile(file, source);
    const loaded = (await import(pathToFileURL(file).href)) as { tabby: BackendProfile };
    return loaded.tabby;
  } finally {
    await rm(folder, { recursive: true });
  }
}

test('the thirteenth type of the document works with one file', async () => {
  const tabby = await loadSnippet();
  const prefixes = indexPrefixes([...PROFILES, tabby]);
  assert.equal(prefixes.get('tabby'), tabby);
  assert.equal(prefixes.size, allPrefixes().length + 1, 'its prefix takes none away');

  const body = { data: [{ id: 'mine-exl2', owned_by: 'tabbyAPI', parameters: { max_seq_len: 8192 } }] };
  const [model] = tabby.parseModels(body);
  assert.equal(model?.contextLength, 8192);
  assert.equal(model?.format, 'exl2');
  assert.deepEqual(tabby.parseModels('garbage'), []);

  const answer = { status: 200, headers: {}, body: JSON.stringify(body) };
  assert.deepEqual(tabby.checkHealth(answer), { ok: true });
  assert.equal(tabby.detect?.matches(new Map([['/v1/models', answer]])), true);
  assert.deepEqual(tabby.signals[0]?.parse('tabby:requests_running 3\n'), { running: 3 });

  assert.equal(toBackendPath(tabby, '/v1/chat/completions'), '/v1/chat/completions');
  assert.equal(tabby.contractName, 'tabby');
});
