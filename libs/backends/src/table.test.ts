import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { BackendProfile } from './profile.ts';
import {
  allPrefixes,
  DEFAULT_PROFILE,
  indexPrefixes,
  profileByPrefix,
  profileOf,
  profileOrDefault,
  PROFILES,
  TYPES_BY_WORD,
} from './table.ts';
import { response } from '../testing/responses.ts';

const TYPES = new URL('./types/', import.meta.url);

describe('the list of backend types', () => {
  for (const file of readdirSync(TYPES).filter((name) => !name.endsWith('.test.ts'))) {
    test(`has the type of types/${file}, which has a test`, async () => {
      const exported = (await import(new URL(file, TYPES).href)) as Record<string, BackendProfile>;
      const listed = Object.values(exported).filter((profile) => PROFILES.some((known) => known === profile));
      assert.equal(listed.length, 1, `add it to PROFILES in libs/backends/src/table.ts`);
      assert.equal(`${listed[0]?.type}.ts`, file, 'the file has the name of the type');
      assert.ok(existsSync(new URL(file.replace(/\.ts$/, '.test.ts'), TYPES)), 'write its test beside it');
    });
  }

  test('finds each type by its name', () => {
    for (const profile of PROFILES) assert.equal(profileOf(profile.type), profile);
  });

  test('takes a type of another version for the default', () => {
    assert.equal(profileOrDefault('of-next-year'), DEFAULT_PROFILE);
    assert.equal(profileOrDefault('constructor'), DEFAULT_PROFILE);
  });

  test('gives each prefix to one type', () => {
    assert.equal(new Set(allPrefixes()).size, PROFILES.flatMap(({ prefixes }) => prefixes).length);
    assert.throws(() => indexPrefixes([profileOf('vllm'), profileOf('vllm')]), RangeError);
    assert.equal(profileByPrefix('constructor'), undefined);
  });

  test('gives each word of a configuration to one type', () => {
    for (const { type, typeAliases, prefixes } of PROFILES)
      for (const word of [type, ...typeAliases, ...prefixes])
        assert.equal(TYPES_BY_WORD.get(word), type, word);
    assert.equal(TYPES_BY_WORD.get('openai'), 'openai-compatible');
    assert.equal(TYPES_BY_WORD.get('dmr'), 'docker-model-runner');
  });

  test('uses words of the API for types that the configuration names otherwise', () => {
    const others = PROFILES.map(({ type, contractName }) => [type, contractName]).filter(
      ([type, word]) => type !== word,
    );
    assert.deepEqual(others, [
      ['lm-studio', 'lmstudio'],
      ['openai-compatible', 'openai'],
    ]);
  });
});

describe('the health check of most types', () => {
  const { checkHealth } = profileOf('vllm');

  test('is passed by a 2xx', () => {
    assert.deepEqual(checkHealth(response(204)), { ok: true });
  });

  test('makes 401 and 403 a fault of the configuration', () => {
    for (const status of [401, 403]) {
      const verdict = checkHealth(response(status));
      assert.equal(!verdict.ok && verdict.state, 'config_error');
    }
  });

  test('keeps the time that a 429 names', () => {
    const limited = checkHealth(response(429, '', { 'retry-after': '7' }));
    assert.equal(!limited.ok && limited.retryAfterMs, 7_000);
  });

  test("keeps the server's text and its redirect target out of the reason, and has both for the log", () => {
    const broken = checkHealth(response(500, { error: { message: 'CUDA out of memory' } }));
    assert.deepEqual(broken, {
      ok: false,
      state: 'unhealthy',
      reason: 'answered 500',
      detail: 'CUDA out of memory',
    });
    const moved = checkHealth(response(302, '', { location: 'https://sso.example/' }));
    assert.deepEqual(moved, {
      ok: false,
      state: 'unhealthy',
      reason: 'answered 302, a redirect: set url to where the server really is',
      detail: 'to https://sso.example/',
    });
  });
});

const garbage = fc.oneof(
  fc.jsonValue(),
  fc.record({ data: fc.array(fc.jsonValue()) }),
  fc.record({ models: fc.array(fc.jsonValue()) }),
  fc.record({
    data: fc.array(
      fc.record({
        id: fc.anything(),
        meta: fc.anything(),
        state: fc.anything(),
        checkpoint: fc.anything(),
        capabilities: fc.anything(),
      }),
    ),
  }),
  fc.record({
    models: fc.array(fc.record({ name: fc.anything(), details: fc.anything(), expires_at: fc.anything() })),
  }),
);

describe('every type', () => {
  test('reads any JSON as a list of models without an error, and names are always texts', () => {
    fc.assert(
      fc.property(garbage, (body) => {
        for (const { readModels, furtherList, details } of PROFILES) {
          const { models } = readModels(body);
          for (const model of furtherList?.merge(models, body) ?? models) {
            assert.equal(typeof model.name, 'string');
            assert.notEqual(model.name, '');
            if (details !== null) assert.equal(details.merge(model, body).name, model.name);
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  test('reads any text as signal, health and sign of its type without an error', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.json(),
      garbage.map((value) => JSON.stringify(value) ?? ''),
    );
    fc.assert(
      fc.property(text, fc.integer({ min: 100, max: 599 }), (body, status) => {
        for (const { signals, checkHealth, checkModelsAccess, detect } of PROFILES) {
          for (const { parse } of signals) parse(body);
          checkHealth(response(status, body));
          checkModelsAccess(response(status, body));
          detect.matches(new Map(detect.paths.map((path) => [path, response(status, body)])));
        }
      }),
      { numRuns: 300 },
    );
  });
});
