import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isManagement, typesThatUse } from './path-kinds.ts';
import { parseRule } from './path-rule.ts';
import { toBackendPath } from './paths.ts';
import { PROFILES } from './table.ts';

/** Calls from the documentation and sources of the servers. */
const MANAGEMENT: Readonly<Record<string, readonly string[]>> = {
  ollama: [
    'POST /api/pull',
    'POST /api/push',
    'POST /api/create',
    'POST /api/copy',
    'DELETE /api/delete',
    'POST /api/blobs/sha256:abc',
    'POST /api/signout',
    'POST /api/me',
    'DELETE /api/user/keys/abc',
  ],
  litellm: [
    'POST /key/generate',
    'POST /key/delete',
    'POST /key/abc/regenerate',
    'GET /key/info',
    'POST /user/new',
    'POST /team/member_add',
    'POST /model/new',
    'POST /model/delete',
    'POST /config/update',
    'POST /config/pass_through_endpoint',
    'POST /budget/new',
    'GET /spend/logs',
    'POST /global/spend/reset',
    'POST /cache/flushall',
    'POST /credentials',
    'PATCH /update/default_team_settings',
    'POST /v1/mcp/server',
  ],
  sglang: [
    'POST /flush_cache',
    'GET /flush_cache',
    'POST /update_weights_from_disk',
    'POST /update_weights_from_tensor',
    'POST /load_lora_adapter',
    'POST /release_memory_occupation',
    'POST /set_internal_state',
    'POST /abort_request',
    'GET /start_profile',
  ],
  llamacpp: [
    'POST /slots/0',
    'POST /props',
    'POST /lora-adapters',
    'POST /models/load',
    'POST /models/unload',
    'POST /models',
    'DELETE /models',
    'POST /tools',
    'GET /cors-proxy',
  ],
  vllm: [
    'POST /sleep',
    'POST /wake_up',
    'POST /reset_prefix_cache',
    'POST /collective_rpc',
    'POST /v1/load_lora_adapter',
    'POST /v1/unload_lora_adapter',
    'POST /update_weights',
    'POST /scale_elastic_ep',
    'POST /start_profile',
  ],
  'vllm-mlx': [
    'DELETE /v1/cache',
    'DELETE /v1/cache/prefix',
    'POST /v1/requests/abc/cancel',
    'POST /v1/mcp/execute',
  ],
  'rapid-mlx': [
    'POST /v1/models/load',
    'DELETE /v1/models/org/name',
    'PUT /v1/models/org/name/pin',
    'POST /v1/cache/import',
    'POST /v1/mcp/reload',
  ],
  lmdeploy: [
    'GET /terminate',
    'POST /sleep',
    'POST /wakeup',
    'POST /update_weights',
    'POST /abort_request',
    'POST /distserve/free_cache',
  ],
  'lm-studio': ['POST /api/v1/models/load', 'POST /api/v1/models/unload', 'POST /api/v1/models/download'],
  lemonade: [
    'POST /api/v1/load',
    'POST /api/v0/unload',
    'POST /v1/pull',
    'POST /api/v1/delete',
    'POST /api/v1/params',
    'POST /api/v1/install',
    'POST /internal/shutdown',
    'DELETE /api/v1/cloud/auth/x',
  ],
  'docker-model-runner': [
    'POST /models/create',
    'DELETE /models/ai/smollm2',
    'POST /models/ai/smollm2/push',
    'POST /engines/unload',
    'POST /engines/llama.cpp/_configure',
    'POST /engines/install-backend',
  ],
  omlx: [
    'POST /v1/models/org/name/load',
    'POST /v1/models/name/unload',
    'POST /admin/api/hf/download',
    'GET /admin/api/settings',
  ],
  'openai-compatible': [
    'DELETE /v1/models/ft:x',
    'POST /v1/organization/admin_api_keys',
    'POST /v1/realtime/client_secrets',
    'POST /v1/keys',
  ],
};

const calls = Object.entries(MANAGEMENT).flatMap(([type, list]) =>
  list.map((call) => {
    const [method = '', path = ''] = call.split(' ');
    return { type, call, method, path };
  }),
);

describe('management', () => {
  for (const { type, call, method, path } of calls) {
    test(`is ${call} of ${type}, behind a version or none and in any letter case, and no type's use`, () => {
      for (const form of [
        path,
        `${path}/`,
        `/v1${path.replace(/^\/v1\//, '/')}`,
        path.replace(/^\/(api\/)?v1\//, '/'),
        path.toUpperCase(),
      ])
        assert.equal(isManagement(method, form), true, form);
      assert.deepEqual([...typesThatUse(method, path)], []);
    });
  }

  test('is seen behind the base that Docker Desktop has', () => {
    assert.equal(isManagement('POST', '/exp/vDD4.40/models/create'), true);
    assert.equal(isManagement('GET', '/exp/vDD4.40/models'), false);
  });

  test('has calls of each type', () => {
    assert.deepEqual(Object.keys(MANAGEMENT).sort(), PROFILES.map(({ type }) => type).sort());
  });

  test('has every call that changes models by its API path', () => {
    for (const { type, apiPaths } of PROFILES)
      for (const { path, management } of apiPaths)
        if (management !== null)
          assert.equal(isManagement('POST', path.endsWith('/') ? `${path}x` : path), true, `${type} ${path}`);
  });
});

describe('the use of a server', () => {
  for (const { type, usePaths } of PROFILES)
    test(`of type ${type} is none of the management of any type`, () => {
      for (const rule of usePaths) {
        const { methods, path } = parseRule(rule);
        for (const method of methods ?? ['GET', 'POST'])
          for (const name of ['x', 'load'])
            for (const form of [path, path.replace('**', `org/${name}`)]) {
              const sample = form.replaceAll('**', name).replaceAll('*', name);
              assert.equal(isManagement(method, sample), false, `${rule}: ${sample}`);
            }
      }
    });

  test('is inference and the list of models on every type that has them', () => {
    for (const [method, path] of [
      ['POST', '/v1/chat/completions'],
      ['POST', '/v1/embeddings'],
      ['GET', '/v1/models'],
      ['HEAD', '/v1/models/org/name'],
      ['OPTIONS', '/v1/anything'],
    ] as const)
      assert.deepEqual([...typesThatUse(method, path)].sort(), PROFILES.map(({ type }) => type).sort(), path);
  });

  test("is each request that a type lists, behind the type's own base too", () => {
    const uses = (type: string, method: string, path: string) =>
      [...typesThatUse(method, path)].includes(type as never);
    assert.ok(uses('ollama', 'POST', '/api/chat'));
    assert.ok(uses('ollama', 'HEAD', '/api/blobs/sha256:abc'));
    assert.ok(!uses('vllm', 'POST', '/api/chat'));
    assert.ok(uses('lemonade', 'POST', '/api/v1/chat/completions'));
    assert.ok(uses('docker-model-runner', 'POST', '/engines/llama.cpp/v1/chat/completions'));
    assert.ok(uses('llamacpp', 'GET', '/slots'));
    assert.ok(uses('litellm', 'POST', '/chat/completions'));
  });

  test('is no request that is in no list', () => {
    for (const [method, path] of [
      ['POST', '/v1/files'],
      ['GET', '/v1/batches'],
      ['DELETE', '/v1/chat/completions'],
      ['GET', '/engines/requests'],
      ['GET', '/get_server_info'],
    ] as const) {
      assert.deepEqual([...typesThatUse(method, path)], [], path);
      assert.equal(isManagement(method, path), false, path);
    }
  });

  test('has every path of a type that takes JSON and is no management', () => {
    for (const profile of PROFILES)
      for (const { path, management, body } of profile.apiPaths) {
        if (management !== null || body !== 'json' || isManagement('POST', path)) continue;
        assert.ok(typesThatUse('POST', toBackendPath(profile, path) ?? path).has(profile.type), path);
      }
  });
});
