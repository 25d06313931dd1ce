import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { newModel } from '../reading/model.ts';
import { profileOf } from '../table.ts';
import { answerForFleet, isListedFor, type ListingScope } from './answer-for-fleet.ts';
import { fleetOf, type Fleet } from '../../testing/listed-fleet.ts';

const names = (fleet: Fleet, scope: ListingScope, path: string): string[] => {
  const answer = answerForFleet(scope, path, fleet);
  assert.ok(answer?.found && typeof answer.body === 'object', path);
  const { data = [], models = [] } = answer.body as Record<string, Record<string, string>[]>;
  return [...data, ...models].map(({ id, name, key }) => id ?? name ?? key ?? '').sort();
};

describe('the lists of all endpoints that have a path', () => {
  const fleet = fleetOf([
    { name: 'a', type: 'ollama', version: '0.14.2', models: [newModel('m-a:latest', { resident: true })] },
    { name: 'b', type: 'ollama', version: '0.13.0', models: [newModel('m-b:latest', { resident: false })] },
    { name: 's', type: 'lm-studio', models: [newModel('m-s')] },
    { name: 'n', type: 'lemonade', models: [newModel('m-n')] },
    { name: 'l', type: 'llamacpp', models: [newModel('m-l')] },
    { name: 'c', type: 'litellm', models: [newModel('m-c')] },
  ]);

  test("have the models of all servers of the path's types", () => {
    assert.deepEqual(names(fleet, 'any', '/api/tags'), ['m-a:latest', 'm-b:latest']);
    assert.deepEqual(names(fleet, 'any', '/api/ps'), ['m-a:latest']);
    assert.deepEqual(names(fleet, 'any', '/api/v0/models'), ['m-s']);
    assert.deepEqual(names(fleet, 'any', '/v1/models'), [
      'm-a:latest',
      'm-b:latest',
      'm-c',
      'm-l',
      'm-n',
      'm-s',
    ]);
    assert.deepEqual(answerForFleet('any', '/api/version', fleet), {
      found: true,
      body: { version: '0.13.0' },
    });
  });

  test('have the models of two types with one path in one body', () => {
    assert.deepEqual(names(fleet, 'any', '/api/v1/models'), ['m-n', 'm-s']);
    const answer = answerForFleet('any', '/models', fleet);
    const { data } = (answer?.found ? answer.body : {}) as { data: { id: string }[] };
    assert.deepEqual(data.map(({ id }) => id).sort(), ['m-c', 'm-l']);
  });

  test('find one model at whichever type has it', () => {
    for (const [path, model] of [
      ['/api/v0/models/m-s', 'm-s'],
      ['/v1/models/m-n', 'm-n'],
      ['/api/v1/models/m-n', 'm-n'],
    ] as const) {
      const answer = answerForFleet('any', path, fleet);
      assert.equal((answer?.found ? (answer.body as { id?: string }) : {}).id, model, path);
    }
    assert.deepEqual(answerForFleet('any', '/api/v0/models/unknown', fleet), {
      found: false,
      model: 'unknown',
    });
  });

  test('are answered for paths with a list only', () => {
    for (const path of ['/api/chat', '/api/tags/x', '/v1/chat/completions', '/props']) {
      assert.equal(isListedFor('any', path), false, path);
      assert.equal(answerForFleet('any', path, fleet), null, path);
    }
    assert.equal(answerForFleet('any', '/models/load', fleet), null);
    for (const [scope, path] of [
      [profileOf('ollama'), '/'],
      ['any', '/api/ps'],
      ['openai', '/v1/models/org/m'],
      [profileOf('openai-compatible'), '/v1/models'],
    ] as const)
      assert.equal(isListedFor(scope, path), true, path);
  });
});

describe('an alias of the configuration', () => {
  const fleet = fleetOf(
    [
      { name: 'a', type: 'ollama', models: [newModel('m-a:latest', { digest: 'd', contextLength: 4_096 })] },
      { name: 'b', type: 'vllm', models: [newModel('org/m-b', { contextLength: 8_192 })] },
      { name: 's', type: 'lm-studio', models: [newModel('m-s')] },
    ],
    { assistant: ['m-a:latest'], both: ['org/m-b', 'm-a:latest'], ghost: ['unknown'] },
  );

  for (const [scope, path, expected] of [
    [profileOf('ollama'), '/api/tags', ['assistant', 'both', 'm-a:latest']],
    [profileOf('ollama'), '/v1/models', ['assistant', 'both', 'm-a:latest']],
    ['any', '/api/tags', ['assistant', 'both', 'm-a:latest']],
    [profileOf('vllm'), '/v1/models', ['both', 'org/m-b']],
    [profileOf('lm-studio'), '/api/v0/models', ['m-s']],
    [profileOf('lm-studio'), '/api/v1/models', ['m-s']],
    ['openai', '/v1/models', ['assistant', 'both', 'm-a:latest', 'm-s', 'org/m-b']],
  ] as const)
    test(`is in the lists whose route serves it: ${typeof scope === 'string' ? scope : scope.type} ${path}`, () =>
      assert.deepEqual(names(fleet, scope, path), expected));

  test('has the fields of the model that it means, and can be requested alone', () => {
    const answer = answerForFleet(profileOf('ollama'), '/api/tags', fleet);
    const { models } = (answer?.found ? answer.body : {}) as { models: Record<string, unknown>[] };
    assert.equal(models.find(({ name }) => name === 'assistant')?.['digest'], 'd');
    const one = answerForFleet(profileOf('ollama'), '/v1/models/assistant', fleet);
    assert.equal((one?.found ? (one.body as { id: string }) : { id: '' }).id, 'assistant');
    const ofAll = answerForFleet('openai', '/v1/models/both', fleet);
    assert.equal((ofAll?.found ? (ofAll.body as Record<string, unknown>) : {})['context_length'], 4_096);
  });

  test('is not a further model in memory', () => {
    const models = [newModel('m-a:latest', { resident: true })];
    const loaded = fleetOf([{ name: 'a', type: 'ollama', models }], { assistant: ['m-a:latest'] });
    assert.deepEqual(names(loaded, profileOf('ollama'), '/api/ps'), ['m-a:latest']);
  });

  test('is not listed while no endpoint of the route serves it', () => {
    const servers = [{ name: 'a', type: 'ollama', state: 'offline', models: [newModel('m:1b')] }] as const;
    const unavailable = fleetOf(servers, { best: ['m:1b'] });
    assert.deepEqual(names(unavailable, profileOf('ollama'), '/api/tags'), []);
  });
});
