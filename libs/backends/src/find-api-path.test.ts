import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { findApiPath } from './find-api-path.ts';
import { PROFILES } from './table.ts';

describe('findApiPath', () => {
  test('knows the JSON paths of the OpenAI API as clients write them, and behind the base of each type', () => {
    for (const base of ['', '/api', '/engines']) {
      assert.equal(findApiPath(`${base}/v1/chat/completions`)?.body, 'json');
      assert.equal(findApiPath(`${base}/v1/embeddings`)?.body, 'json');
    }
    assert.equal(findApiPath('/api/v0/completions')?.body, 'json');
    assert.equal(findApiPath('/v1/audio/transcriptions'), null);
  });

  test('knows where servers have the Anthropic API', () => {
    for (const path of ['/v1/messages', '/v1/messages/count_tokens', '/anthropic/v1/messages'])
      assert.equal(findApiPath(path)?.body, 'json', path);
  });

  test('distinguishes paths that may add a model from those that change one, and both from the rest', () => {
    const does = (path: string) => findApiPath(path)?.management;
    for (const path of ['/api/pull', '/api/create', '/api/blobs/sha256:abc'])
      assert.equal(does(path), 'adds');
    for (const path of ['/api/push', '/api/copy', '/api/delete']) assert.equal(does(path), 'changes');
    for (const path of ['/api/show', '/api/chat', '/v1/chat/completions']) assert.equal(does(path), null);
    assert.equal(findApiPath('/api/blobs'), null);
  });

  test('names the fields that hold a model besides `model`', () => {
    assert.equal(findApiPath('/api/show')?.nameField, 'name');
    assert.equal(findApiPath('/api/copy')?.nameField, 'source');
    assert.equal(findApiPath('/api/create')?.baseField, 'from');
    assert.equal(findApiPath('/api/chat')?.nameField, null);
  });

  test('finds the meaning that each type gives its own paths: no other type contradicts it', () => {
    for (const { type, apiPaths } of PROFILES)
      for (const known of apiPaths) assert.deepEqual(findApiPath(known.path), known, `${type} ${known.path}`);
  });
});
