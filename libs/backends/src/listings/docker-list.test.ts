import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { profileOf } from '../table.ts';
import { answerForFleet } from './answer-for-fleet.ts';
import { entriesAt, entryAt, fleetOf, server } from '../../testing/listed-fleet.ts';
import { listOf } from '../../testing/responses.ts';

const DOCKER = profileOf('docker-model-runner');
const openAi = (...ids: string[]): object => listOf('docker', ...ids.map((id) => ({ id })));
const entry = {
  id: 'sha256:354bf30d0aa3af413d2aa5ae4f23c66d78980072d1e07a5b0d776e9606a2f0b9',
  tags: ['ai/smollm2:latest', 'ai/smollm2:360M-Q4_K_M'],
  created: 1_742_816_981,
  config: {
    format: 'gguf',
    quantization: 'Q4_K_M',
    parameters: '361.82 M',
    architecture: 'llama',
    size: '256.35 MiB',
    context_size: 8_192,
  },
};

describe("Docker's own list", () => {
  const fleet = fleetOf(
    [
      server('docker-model-runner', 'd1', openAi(...entry.tags), [entry]),
      server('docker-model-runner', 'd2', openAi('ai/old:7B'), { error: 'no such path' }),
    ],
    { small: ['ai/smollm2:latest'] },
  );
  const answer = answerForFleet(DOCKER, '/models', fleet);
  const entries = (answer?.found ? answer.body : []) as (typeof entry)[];

  test('has each model unchanged, of all servers, and aliases as models of their own', () => {
    assert.deepEqual(entries.map(({ id }) => id).sort(), ['ai/old:7B', entry.id, 'small'].sort());
    assert.deepEqual(
      entries.find(({ id }) => id === entry.id),
      entry,
    );
    assert.deepEqual(entries.find(({ id }) => id === 'small')?.tags, ['small']);
    assert.deepEqual(entries.find(({ id }) => id === 'ai/old:7B')?.tags, ['ai/old:7B']);
  });

  test('has one model under each of its tags', () => {
    for (const tag of entry.tags) assert.deepEqual(entryAt(fleet, DOCKER, `/models/${tag}`), entry);
  });

  test("adds sizes and context to the catalog and to OpenAI's list, at each engine's path too", () => {
    const model = fleet.models.find(({ aliases, id }) => [id, ...aliases].includes('ai/smollm2:latest'));
    assert.deepEqual([model?.quantization, model?.parameterSize], ['Q4_K_M', '361.82m']);
    for (const path of ['/v1/models', '/engines/v1/models', '/engines/llama.cpp/v1/models']) {
      const listed = entriesAt(fleet, DOCKER, path).find(({ id }) => id === 'ai/smollm2:latest');
      assert.equal(listed?.['context_length'], 8_192, path);
    }
  });
});
