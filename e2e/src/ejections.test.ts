import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { EventsBody } from '@olla/admin-api/schema/events';
import type { StatusBody, StatusEndpoint } from '@olla/admin-api/schema/status';
import type { Gateway } from '@olla/testing/olla-process';
import { jsonResponse, startRawBackend, whenComplete, type RawBackend } from '@olla/testing/raw-backend';
import { Started } from '@olla/testing/started';
import { waitFor } from '@olla/testing/wait-for';
import { endpointConfig, startGatewayFor } from './start-gateway-for.ts';

const MODEL = 'shared';
const WORKERS = 3;

describe('an endpoint whose responses fail while its health checks pass', () => {
  let failing: RawBackend;
  let sound: RawBackend;
  let gateway: Gateway;
  const started = new Started();
  before(async () => {
    [failing, sound] = [
      started.add(await startRawBackend({ models: [MODEL] })),
      started.add(await startRawBackend({ models: [MODEL] })),
    ];
    gateway = started.add(
      await startGatewayFor({
        endpoints: [endpointConfig('failing', failing), endpointConfig('sound', sound)],
        config: { server: { workers: WORKERS } },
        models: [MODEL],
      }),
    );
  });
  after(() => started.stop());

  const chat = async (): Promise<Response> =>
    fetch(`${gateway.url}/olla/openai/v1/chat/completions`, {
      method: 'POST',
      headers: { connection: 'close' },
      body: JSON.stringify({ model: MODEL, messages: [] }),
    });
  const read = async <T>(path: string): Promise<T> =>
    // New connections reach the workers in turn.
    (await (await fetch(`${gateway.url}${path}`, { headers: { connection: 'close' } })).json()) as T;
  const readRow = async (): Promise<StatusEndpoint> => {
    const { endpoints } = await read<StatusBody>('/internal/status');
    return endpoints.find(({ name }) => name === 'failing') ?? assert.fail();
  };
  const waitForEveryWorker = async (isExpected: (row: StatusEndpoint) => boolean): Promise<void> => {
    let inARow = 0;
    await waitFor(
      async () => {
        inARow = isExpected(await readRow()) ? inARow + 1 : 0;
        return inARow === 2 * WORKERS;
      },
      {
        describe: `the same status at every worker\n${gateway.process.output}`,
        intervalMs: 1,
        timeoutMs: 30_000,
      },
    );
  };
  const linesOf = (kind: string): string[] =>
    gateway.process.output.split('\n').filter((line) => line.includes(`"event":"${kind}"`));

  test('is ejected and readmitted by every worker, each time with one log line and one event', async () => {
    failing.respond = (request) =>
      whenComplete(request, () => request.socket.write(jsonResponse({}, '502 Bad Gateway')));
    await waitFor(
      async () => {
        await chat();
        return (await readRow()).status === 'ejected';
      },
      { describe: 'the ejection', intervalMs: 1 },
    );
    await waitForEveryWorker(({ status }) => status === 'ejected');
    const { serves, reason } = await readRow();
    assert.equal(serves, false);
    assert.match(reason, /^\d+ of the last \d+ requests failed \(502\)$/);

    failing.respond = (request) => whenComplete(request, () => request.socket.write(jsonResponse({})));
    await waitForEveryWorker((row) => row.serves);
    await waitFor(() => linesOf('readmitted').length > 0, { describe: 'the log line of the readmission' });
    for (const kind of ['ejected', 'readmitted'])
      assert.equal(linesOf(kind).length, 1, linesOf(kind).join('\n'));
    const { events } = await read<EventsBody>('/internal/events');
    const relevant = events.filter(({ kind }) => kind === 'ejected' || kind === 'readmitted');
    assert.deepEqual(
      relevant.map(({ kind, endpoint }) => [kind, endpoint]),
      [
        ['ejected', 'failing'],
        ['readmitted', 'failing'],
      ],
    );
    assert.equal(relevant[0]?.reason, reason);
  });
});
