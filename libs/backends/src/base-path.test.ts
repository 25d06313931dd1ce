import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { atBase, basePathOf, isDropped, joinOverlapping } from './base-path.ts';
import { toBackendPath } from './paths.ts';
import { profileOf, PROFILES, type KnownBackendType } from './table.ts';

const CHAT = '/v1/chat/completions';

function pathOf(url: string, path: string, type: KnownBackendType = 'openai-compatible', keep = false) {
  const profile = profileOf(type);
  return atBase(basePathOf(url, keep), profile, toBackendPath(profile, path) ?? path);
}

describe('atBase', () => {
  test("puts OpenAI's paths behind the base URL that a provider documents, with preserve_path and without", () => {
    const bases = {
      '/v1': '/v1/chat/completions',
      '/v1/': '/v1/chat/completions',
      '/api/v1': '/api/v1/chat/completions',
      '/openai/v1': '/openai/v1/chat/completions',
      '/api/paas/v4': '/api/paas/v4/chat/completions',
      '/api/v3': '/api/v3/chat/completions',
      '/v1beta/openai/': '/v1beta/openai/chat/completions',
      '/v1/projects/p/locations/l/endpoints/openapi':
        '/v1/projects/p/locations/l/endpoints/openapi/chat/completions',
    };
    for (const [base, expected] of Object.entries(bases))
      for (const keep of [false, true])
        assert.equal(pathOf(base, CHAT, 'openai-compatible', keep), expected, base);
  });

  test('finds the paths of a server besides OpenAI from the same URL', () => {
    assert.equal(pathOf('/v1', '/api/chat', 'ollama'), '/api/chat');
    assert.equal(pathOf('/gpu/v1', '/api/chat', 'ollama'), '/gpu/api/chat');
    assert.equal(pathOf('/gpu/v1', '/health', 'vllm'), '/gpu/health');
    assert.equal(pathOf('/v1', '/v1/messages', 'vllm'), '/v1/messages');
    assert.equal(pathOf('/api/v1', '/api/v1/health', 'lemonade'), '/api/v1/health');
    assert.equal(pathOf('/api/v1', CHAT, 'lemonade'), '/api/v1/chat/completions');
    assert.equal(pathOf('/api/v1', '/api/v0/models', 'lemonade'), '/api/v0/models');
    assert.equal(pathOf('/engines/v1', CHAT, 'docker-model-runner'), '/engines/v1/chat/completions');
    assert.equal(
      pathOf('/engines/llama.cpp/v1', CHAT, 'docker-model-runner'),
      '/engines/llama.cpp/v1/chat/completions',
    );
    assert.equal(pathOf('/engines/llama.cpp/v1', '/models', 'docker-model-runner'), '/models');
  });

  test('does not take an API of the server for that of OpenAI', () => {
    for (const base of ['/api/v0', '/api/v1']) {
      assert.equal(pathOf(base, CHAT, 'lm-studio'), CHAT);
      assert.equal(pathOf(base, '/api/v0/models', 'lm-studio'), '/api/v0/models');
    }
  });

  test('drops any other path, or puts it before others with preserve_path', () => {
    for (const base of ['/base', '/base/path/', '/openai', '/v1x/gpu', '/api']) {
      assert.equal(pathOf(base, CHAT), CHAT);
      assert.equal(pathOf(base, CHAT, 'ollama', true), base.replace(/\/$/, '') + CHAT);
      assert.ok(isDropped(base, false) && !isDropped(base, true), base);
    }
    for (const base of ['', '/', '//', '/v1', '/api/paas/v4/', '/v1beta/openai'])
      assert.ok(!isDropped(base, false), base);
  });

  const segment = fc.stringMatching(/^[a-z]{1,6}$/).filter((word) => !/^v\d/.test(word));
  const parents = fc
    .array(segment, { maxLength: 3 })
    .map((words) => words.map((word) => `/${word}`).join(''));
  const version = fc.constantFrom('/v1', '/v2', '/v4', '/v1beta', '/v1beta/openai', '/V1');
  const slashes = fc.constantFrom('', '/', '//');
  const rest = fc.array(fc.stringMatching(/^[A-Za-z0-9%._-]{1,8}$/), { minLength: 1, maxLength: 4 });

  test('keeps the part after /v1 byte by byte, behind any base of an API', () => {
    fc.assert(
      fc.property(parents, version, slashes, rest, fc.boolean(), (parent, part, end, words, keep) => {
        const path = `/v1/${words.join('/')}`;
        const base = basePathOf(parent + part + end, keep);
        assert.equal(
          atBase(base, profileOf('openai-compatible'), path),
          `${parent}${part}/${words.join('/')}`,
        );
      }),
    );
  });

  test('changes no path where the URL has none, for every type', () => {
    fc.assert(
      fc.property(fc.constantFrom(...PROFILES), slashes, rest, fc.boolean(), (profile, end, words, keep) => {
        const path = `/${words.join('/')}`;
        assert.equal(atBase(basePathOf(end, keep), profile, path), path);
      }),
    );
  });

  test('ends each path of a server with the path itself or what follows its version, and makes no empty segment', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...PROFILES, null),
        parents,
        version,
        rest,
        (profile, parent, part, words) => {
          const path = `/${words.join('/')}`;
          const result = atBase(basePathOf(parent + part, false), profile, path);
          assert.ok(result.endsWith(path.replace(/^(\/[a-z]+)?\/v1(?=\/)/, '')), result);
          assert.ok(!result.includes('//') && result.startsWith('/'), result);
        },
      ),
    );
  });
});

test('joins a path to a base that ends with its beginning', () => {
  assert.equal(joinOverlapping('/a/v1', '/v1/models'), '/a/v1/models');
  assert.equal(joinOverlapping('/a/v1', '/a/v1'), '/a/v1');
  assert.equal(joinOverlapping('/a/v1', '/v1x'), null);
  assert.equal(joinOverlapping('', '/v1'), null);
});
