import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { readFilePath, tellingFolders } from './file-path.ts';

const folders = (name: string): string[] | null => {
  const path = readFilePath(name);
  return path === null ? null : tellingFolders(path);
};

describe('readFilePath', () => {
  test('takes names with a publisher or a tag for no paths', () => {
    for (const name of [
      'meta-llama/Llama-3.1-8B',
      'hf.co/bartowski/X-GGUF:Q4_K_M',
      'llama3.1:8b',
      'own.gguf',
    ])
      assert.equal(folders(name), null, name);
  });

  test('leaves out folders that hold models of any kind, homes, and repetitions of the name of the file', () => {
    for (const name of [
      '/models/X-7B-Q4_K_M.gguf',
      'models/X-7B-Q4_K_M.gguf',
      './X-7B-Q4_K_M.gguf',
      '~/models/X-7B-Q4_K_M.gguf',
      '/home/ann/.cache/llama.cpp/X-7B-Q4_K_M.gguf',
      '/Users/ann/models/X-7B-GGUF/X-7B-Q4_K_M.gguf',
      'C:\\Users\\ann\\models\\X-7B-Q4_K_M.gguf',
      '/mnt/ssd1/models/X-7B/Q4_K_M/X-7B-Q4_K_M.gguf',
      '/models/X-7B/',
    ])
      assert.deepEqual(folders(name), [], name);
  });

  test('keeps every other folder, wherever in the path it is', () => {
    assert.deepEqual(folders('/models/support-bot/X-7B.gguf'), ['support-bot']);
    assert.deepEqual(folders('/srv/Tickets/models/v2/X-7B.gguf'), ['tickets', 'v2']);
    assert.deepEqual(folders('D:\\work\\X-7B.gguf'), ['work']);
    assert.deepEqual(folders('/home/ann/bob/X-7B.gguf'), ['bob']);
    assert.deepEqual(folders('/data/home/ann/X-7B.gguf'), ['ann']);
    assert.deepEqual(
      folders('/root/.cache/huggingface/hub/models--acme--X-7B/snapshots/0123456789abcdef/X-7B.gguf'),
      ['acme'],
    );
  });

  test('reads any text without an error', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (name) => {
        const found = folders(`/${name}`);
        return found === null || found.every((folder) => folder !== '');
      }),
    );
  });
});
