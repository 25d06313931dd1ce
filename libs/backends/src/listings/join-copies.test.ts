import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { EndpointModel } from '@olla/core/snapshot';
import { fleetOf, type Server } from '../../testing/listed-fleet.ts';
import { newModel } from '../reading/model.ts';
import { joinCopies } from './join-copies.ts';
import { selectModels } from './select-models.ts';

const DIGEST = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08';
const copy = (name: string, known: Partial<EndpointModel> = {}): EndpointModel =>
  newModel(name, { digest: DIGEST, sizeBytes: 1_000, ...known });
const server = (name: string, ...models: EndpointModel[]): Server => ({ name, type: 'ollama', models });

/** The places of each entry. */
function joined(...servers: Server[]): string[] {
  return joinCopies(selectModels(fleetOf(servers, { nick: ['mine'] }), {})).map(
    ({ id, places }) => `${id}: ${places.map((at) => `${at.endpoint} ${at.model.name}`).join(', ')}`,
  );
}

describe('joinCopies', () => {
  test('shows copies at different servers as one model, in any order of the servers', () => {
    const servers = [server('a', copy('precious:latest')), server('b', copy('elsewhere:latest'))];
    const expected = ['elsewhere:latest: b elsewhere:latest, a precious:latest'];
    assert.deepEqual(joined(...servers), expected);
    assert.deepEqual(joined(...servers.reverse()), expected);
    const [entry] = joinCopies(selectModels(fleetOf(servers), {}));
    assert.deepEqual(entry?.model.aliases, ['elsewhere', 'precious:latest', 'precious']);
  });

  test('shows copies of one server as models of their own', () => {
    assert.deepEqual(
      joined(
        server('a', copy('precious:latest'), copy('scratch:latest')),
        server('b', copy('precious:latest'), copy('elsewhere:latest')),
      ),
      [
        'elsewhere:latest: b elsewhere:latest, a scratch:latest',
        'precious:latest: a precious:latest, b precious:latest',
      ].sort(),
    );
  });

  test('joins nothing by an invalid digest, by another size, and by an alias', () => {
    for (const [one, other] of [
      [copy('x:1', { digest: '0'.repeat(64) }), copy('y:1', { digest: '0'.repeat(64) })],
      [copy('x:1', { digest: 'abc' }), copy('y:1', { digest: 'abc' })],
      [copy('x:1'), copy('y:1', { sizeBytes: 2_000 })],
      [copy('x:1'), copy('y:1', { digest: null })],
    ] as const)
      assert.equal(joined(server('a', one), server('b', other)).length, 2);
    assert.deepEqual(joined(server('a', copy('mine:latest'))), [
      'mine:latest: a mine:latest',
      'nick: a mine:latest',
    ]);
  });

  test('joins no model if the servers of one name report different contents', () => {
    const other = copy('x:1', { digest: DIGEST.replace('9', '8') });
    assert.deepEqual(joined(server('a', copy('x:1')), server('b', other), server('c', copy('y:1'))), [
      'x:1: a x:1, b x:1',
      'y:1: c y:1',
    ]);
  });
});
