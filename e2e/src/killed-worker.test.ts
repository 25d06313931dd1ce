import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { jsonResponse } from '@olla/testing/raw-backend';
import { sendRaw, type RawResponse } from '@olla/testing/raw-http';
import { postBytes, requestBytes } from '@olla/testing/request-bytes';
import { Started } from '@olla/testing/started';
import { waitFor } from '@olla/testing/wait-for';
import { SERVERS, startContractFleet, type ContractFleet, type ServerName } from './contract-fleet.ts';

describe('the statistics after a worker is killed', () => {
  let fleet: ContractFleet;
  const started = new Started();
  before(async () => {
    fleet = started.add(await startContractFleet());
  });
  after(() => started.stop());

  const chat = (name: ServerName): Promise<RawResponse> =>
    sendRaw(fleet.gateway.port, postBytes(`{"model":"${SERVERS[name].model}"}`));

  interface Status {
    readonly system: { readonly total_requests: number; readonly total_failures: number };
  }
  const totals = async (): Promise<Status['system']> =>
    (
      JSON.parse(
        (await sendRaw(fleet.gateway.port, requestBytes('GET', '/internal/status'))).text(),
      ) as Status
    ).system;

  test('counts its requests once', async () => {
    const before = await totals();
    const sent = 12;
    for (let n = 0; n < sent; n += 1) assert.equal((await chat('desk')).status, 200);
    fleet.setRespond(({ socket }) => void socket.write(jsonResponse({}, '500 Oops')));
    assert.equal((await chat('cards')).status, 500);
    const expected = [before.total_requests + sent + 1, before.total_failures + 1];
    const counted = async (): Promise<number[]> => {
      const { total_requests, total_failures } = await totals();
      return [total_requests, total_failures];
    };
    assert.deepEqual(await counted(), expected);
    const [killed, kept] = fleet.gateway.children().workers;
    process.kill(killed as number, 'SIGKILL');
    await waitFor(
      () => {
        const { workers } = fleet.gateway.children();
        return (
          workers.length === 2 && !workers.includes(killed as number) && workers.includes(kept as number)
        );
      },
      { describe: 'a new worker' },
    );
    await waitFor(async () => assert.deepEqual(await counted(), expected) === undefined, {
      describe: 'all requests to be counted',
    });
    for (let n = 0; n < 6; n += 1) assert.deepEqual(await counted(), expected);
  });
});
