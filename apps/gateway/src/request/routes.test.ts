import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { matchRoute, printable } from './routes.ts';

function relay(method: string, path: string) {
  const route = matchRoute(method, path);
  assert.equal(route.kind, 'relay', `${path} is relayed`);
  if (route.kind !== 'relay') throw new Error('unreachable');
  return route;
}

describe('findRoute', () => {
  test('leads each prefix of a type only to endpoints of that type', () => {
    const prefixes = {
      ollama: 'ollama',
      lmstudio: 'lm-studio',
      'lm-studio': 'lm-studio',
      lm_studio: 'lm-studio',
      vllm: 'vllm',
      llamacpp: 'llamacpp',
      'llama-cpp': 'llamacpp',
      llama_cpp: 'llamacpp',
    };
    for (const [prefix, type] of Object.entries(prefixes)) {
      const { scope, path } = relay('POST', `/olla/${prefix}/v1/chat/completions`);
      assert.equal(scope.kind === 'type' ? scope.profile.type : scope.kind, type);
      assert.equal(path, '/v1/chat/completions');
    }
  });

  test('accepts only paths of the OpenAI API below /olla/openai', () => {
    assert.equal(relay('POST', '/olla/openai/v1/embeddings').scope.kind, 'openai');
    assert.equal(relay('POST', '/olla/openai-compatible/v1/embeddings').scope.kind, 'openai');
    assert.equal(matchRoute('POST', '/olla/openai/api/chat').kind, 'unknown');
  });

  test('keeps escapes of the path behind the prefix', () => {
    assert.equal(relay('GET', '/olla/proxy/v1/files/a%2Fb').path, '/v1/files/a%2Fb');
  });

  test('requires a JSON body of a POST whose API takes nothing else', () => {
    assert.equal(relay('POST', '/olla/ollama/api/chat').json, true);
    assert.equal(relay('POST', '/olla/openai/v1/audio/transcriptions').json, false);
    assert.equal(relay('GET', '/olla/ollama/api/show').json, false);
  });

  test('knows the paths that change models, and which of them may add one', () => {
    for (const path of ['pull', 'push', 'create', 'copy', 'delete'])
      assert.equal(relay('POST', `/olla/ollama/api/${path}`).management, true);
    assert.equal(relay('POST', '/olla/ollama/api/create').addsModel, true);
    assert.equal(relay('POST', '/olla/ollama/api/copy').addsModel, false);
    assert.equal(relay('POST', '/olla/ollama/api/blobs/sha256:abc').management, true);
    assert.equal(relay('HEAD', '/olla/ollama/api/blobs/sha256:abc').management, false);
    assert.equal(relay('POST', '/olla/ollama/api/show').management, false);
  });

  test('reads an escaped path as the server does', () => {
    const { path, management, json, nameField } = relay('POST', '/olla/ollama/api/%64elete');
    assert.deepEqual([path, management, json, nameField], ['/api/%64elete', true, true, 'name']);
    assert.equal(relay('POST', '/olla/ollama/api%2Fblobs/sha256:abc').management, true);
    assert.equal(relay('GET', '/olla/ollama/api/%zz').path, '/api/%zz');
  });

  test('removes a slash at the end of a path that a type has, and keeps that of others', () => {
    for (const path of ['/api/delete/', '/api/pull/', '/api/delete;x/', '/api%2Fdelete%2F'])
      assert.equal(relay('DELETE', `/olla/ollama${path}`).management, true, path);
    assert.equal(relay('DELETE', '/olla/ollama/api/delete/').path, '/api/delete');
    assert.equal(relay('POST', '/olla/openai/v1/chat/completions/').path, '/v1/chat/completions');
    assert.equal(relay('GET', '/olla/proxy/pages/').path, '/pages/');
    assert.deepEqual(matchRoute('GET', '/internal/status/'), { kind: 'admin', path: '/internal/status' });
  });

  test('refuses a path with a .. segment, a NUL or a fragment under every prefix', () => {
    for (const path of [
      '/olla/openai/v1/../../SECRET',
      '/olla/ollama/..%2f..%5cSECRET',
      '/olla/proxy/v1/a%00',
      '/olla/ollama/api/delete#x',
      '/internal/../olla/models',
      '/olla/models/..',
      '/olla/%2e./x',
    ])
      assert.equal(matchRoute('GET', path).kind, 'malformed', path);
  });

  test('refuses a path that is too long, with any content', () => {
    const code = (length: number) => {
      const route = matchRoute('GET', `/olla/proxy/${'%25'.repeat(3_000)}`.slice(0, length));
      return route.kind === 'malformed' ? route.code : route.kind;
    };
    assert.equal(code(8_193), 'URI_TOO_LONG');
    assert.equal(code(8_192), 'relay');
  });

  test('relays the root of a server below the prefix of its type', () => {
    for (const path of ['/olla/ollama', '/olla/ollama/']) assert.equal(relay('HEAD', path).path, '/');
  });

  test('names the fields of a body that hold the model besides `model`', () => {
    assert.equal(relay('POST', '/olla/ollama/api/show').nameField, 'name');
    assert.equal(relay('DELETE', '/olla/ollama/api/delete').nameField, 'name');
    assert.equal(relay('POST', '/olla/ollama/api/copy').nameField, 'source');
    assert.equal(relay('POST', '/olla/ollama/api/chat').nameField, null);
  });

  test('finds a model by any name, also with slashes', () => {
    assert.deepEqual(matchRoute('GET', '/olla/models'), { kind: 'models', id: null });
    assert.deepEqual(matchRoute('GET', '/olla/models/a/b'), { kind: 'models', id: 'a/b' });
  });

  test('distinguishes admin, reserved and unknown paths', () => {
    assert.equal(matchRoute('GET', '/internal/health').kind, 'admin');
    assert.equal(matchRoute('GET', '/version').kind, 'admin');
    assert.equal(matchRoute('POST', '/olla/anthropic/v1/messages').kind, 'reserved');
    for (const path of [
      '/',
      '/olla',
      '/olla/',
      '/olla/nosuch/v1/models',
      '/olla/openai/',
      '/olla/proxy/',
      '/v1/models',
    ])
      assert.equal(matchRoute('GET', path).kind, 'unknown', path);
  });

  test('replaces control characters and cuts what a message shows of a path', () => {
    assert.equal(printable('/a\u001b[31mb'), '/a?[31mb');
    assert.equal(printable('x'.repeat(500)).length, 120);
  });
});
