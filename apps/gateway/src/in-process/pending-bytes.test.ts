import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { assertError } from '@olla/testing/assert-response';
import { chunk, jsonResponse, type ReceivedRequest } from '@olla/testing/raw-backend';
import type { RawConnection } from '@olla/testing/raw-http';
import { CHAT, chunkedPost, postBytes } from '@olla/testing/request-bytes';
import { waitFor } from '@olla/testing/wait-for';
import { startWithBackends, type GatewayWithBackends } from '../../testing/gateway-with-backends.ts';
import { PendingBudget } from '../request/pending-budget.ts';

const MODEL = 'm';
const LIMIT = 700_000;
const LARGE = 300_000;
const config = { server: { request_limits: { max_pending_bytes: LIMIT } } };
const text = 'x'.repeat(LARGE);
const modelFirst = `{"model":"${MODEL}","input":"${text}"}`;
const modelLast = `{"input":"${text}","model":"${MODEL}"}`;

interface Fixture extends GatewayWithBackends<'only'> {
  /** Bytes that the worker counts now. */
  held(): number;
  /** Waits until this many are counted. */
  holds(bytes: number, why: string): Promise<unknown>;
}

async function start(t: TestContext, more: { proxy?: object; server?: object } = {}): Promise<Fixture> {
  const budgets = new Set<PendingBudget>();
  const { takeSpare } = PendingBudget.prototype;
  t.mock.method(PendingBudget.prototype, 'takeSpare', function take(this: PendingBudget, bytes: number) {
    budgets.add(this);
    return takeSpare.call(this, bytes);
  });
  const { proxy, server } = more;
  const fixture = await startWithBackends(
    t,
    { only: { models: [MODEL] } },
    { config: { server: { ...config.server, ...server }, ...(proxy === undefined ? {} : { proxy }) } },
  );
  const held = (): number => [...budgets].reduce((sum, budget) => sum + budget.heldBytes, 0);
  return {
    ...fixture,
    held,
    holds: (bytes, why) =>
      waitFor(() => budgets.size === 1 && held() === bytes, {
        describe: `${bytes} bytes to be held ${why}`,
        intervalMs: 1,
      }),
  };
}

const arrival = ({ backends: { only } }: Fixture): Promise<ReceivedRequest> => {
  const { promise, resolve } = Promise.withResolvers<ReceivedRequest>();
  only.respond = resolve;
  return promise;
};

describe('the bytes of a body', () => {
  for (const [what, body] of [
    ['that was read whole', `{"model":"${MODEL}"}`],
    ['that streams', modelFirst],
  ] as const)
    test(`${what} count until the response begins, and not while it streams`, async (t) => {
      const fixture = await start(t);
      const client = await fixture.connect();
      const arriving = arrival(fixture);
      client.write(postBytes(body));
      const { socket } = await arriving;
      await fixture.holds(body.length, 'while the backend works');
      socket.write(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunk('{"ok":')}`);
      await client.nextHead();
      assert.equal(fixture.held(), 0);
      socket.write(`${chunk('true}')}0\r\n\r\n`);
      assert.equal((await client.nextResponse()).text(), '{"ok":true}');
    });

  test('count until a backend has them if none of them may be kept', async (t) => {
    const fixture = await start(t, { proxy: { retry: { max_body_size: 0 } } });
    const client = await fixture.connect();
    const arriving = arrival(fixture);
    client.write(postBytes(modelLast));
    const request = await arriving;
    await fixture.holds(0, 'when the backend has all of it');
    await waitFor(() => request.complete, { describe: 'all of it at the backend', intervalMs: 1 });
    request.socket.write(jsonResponse({ ok: true }));
    assert.equal((await client.nextResponse()).status, 200);
  });

  const ends: Readonly<Record<string, (fixture: Fixture, client: RawConnection) => Promise<void>>> = {
    'its client leaves before its model': async (fixture, client) => {
      client.write(chunkedStart(modelLast.slice(0, 200_000)));
      await fixture.holds(200_000, 'before the model');
      client.destroy();
    },
    'its client leaves while the backend reads': async (fixture, client) => {
      const arriving = arrival(fixture);
      client.write(postBytes(modelFirst).subarray(0, 290_000));
      await arriving;
      await fixture.holds(modelFirst.length, 'for another attempt');
      client.destroy();
    },
    'its client leaves while the backend works': async (fixture, client) => {
      const arriving = arrival(fixture);
      client.write(postBytes(modelFirst));
      await arriving;
      await fixture.holds(modelFirst.length, 'for another attempt');
      client.destroy();
    },
    'its backend dies and no other is there': async (fixture, client) => {
      fixture.backends.only.respond = ({ socket }) => socket.resetAndDestroy();
      client.write(postBytes(modelLast));
      assertError(await client.nextResponse(), 502, 'BACKEND_ERROR');
    },
    'its backend is not there': async (fixture, client) => {
      await fixture.backends.only.close();
      client.write(postBytes(modelLast));
      assertError(await client.nextResponse(), 502, 'BACKEND_ERROR');
    },
    'its backend answers before its end': async (fixture, client) => {
      fixture.backends.only.respond = ({ socket }) => void socket.write(jsonResponse('{}', '413 Too Large'));
      client.write(postBytes(modelFirst).subarray(0, 290_000));
      assert.equal((await client.nextResponse()).status, 413);
    },
    'no endpoint has its model': async (_, client) => {
      client.write(postBytes(modelLast.replace(`"${MODEL}"`, '"unknown-model"')));
      assert.ok((await client.nextResponse()).status >= 400);
    },
    'it is malformed': async (_, client) => {
      client.write(chunkedPost([`{"input":"${text}",`, '"model":1}']));
      assertError(await client.nextResponse(), 400, 'INVALID_MODEL');
    },
    'its framing breaks while it is read': async (fixture, client) => {
      client.write(chunkedStart(modelLast.slice(0, 200_000)));
      await fixture.holds(200_000, 'before the model');
      client.write('no size of a chunk\r\n');
      assertError(await client.nextResponse(), 400, 'BAD_REQUEST');
    },
  };
  for (const [when, run] of Object.entries(ends))
    test(`are returned to the budget at once when ${when}`, async (t) => {
      const fixture = await start(t);
      const client = await fixture.connect();
      await run(fixture, client);
      await fixture.holds(0, 'in the end');
    });

  test('are returned to the budget when its time is over', async (t) => {
    const fixture = await start(t, { proxy: { response_header_timeout: '60ms' } });
    fixture.backends.only.respond = () => undefined;
    assertError(await fixture.send(postBytes(modelFirst)), 504, 'BACKEND_TIMEOUT');
    await fixture.holds(0, 'in the end');
  });
});

describe('bodies beyond max_pending_bytes', () => {
  const unfinished = '{"input":"'.padEnd(500_000, 'x');

  test('503 with Retry-After if not even the part up to the model has room; the others are not affected', async (t) => {
    const { connect, holds, send, backends } = await start(t);
    const first = await connect();
    first.write(chunkedStart(unfinished));
    await holds(unfinished.length, 'of the first');
    const refused = await send(chunkedPost([modelLast]));
    assertError(refused, 503, 'OVERLOADED');
    assert.match(refused.header('retry-after') ?? '', /^[1-9]\d*$/);
    await holds(unfinished.length, 'of the first still');
    assert.equal(backends.only.requests.length, 0);
    first.write(`${chunk(`","model":"${MODEL}"}`)}0\r\n\r\n`);
    assert.equal((await first.nextResponse()).status, 200);
    assert.equal((await send(postBytes(modelLast))).status, 200);
  });

  test('are still 200 if their model is at the beginning: they stream without being kept', async (t) => {
    const { connect, holds, send } = await start(t);
    const taken = LIMIT - 100_000;
    const waiting = await connect();
    waiting.write(chunkedStart('{"input":"'.padEnd(taken, 'x')));
    await holds(taken, 'of one whose model is not there yet');
    for (const body of [modelFirst, `${modelFirst.slice(0, 200_000)}"}`])
      for (const post of [postBytes, (whole: string) => chunkedPost([whole])]) {
        assert.equal((await send(post(body))).status, 200);
        await holds(taken, 'when it is over');
      }
  });

  test('take the room of those that are kept only for another attempt', async (t) => {
    const fixture = await start(t);
    const waiting: RawConnection[] = [];
    const body = `{"input":"${'x'.repeat(200_000)}","model":"${MODEL}"}`;
    for (let n = 1; n <= 6; n += 1) {
      const client = await fixture.connect();
      const arriving = arrival(fixture);
      client.write(postBytes(body));
      await arriving;
      waiting.push(client);
      await fixture.holds(body.length * Math.min(n, 3), 'of the last');
    }
    for (const { socket } of fixture.backends.only.requests) socket.write(jsonResponse({ ok: true }));
    for (const client of waiting) assert.equal((await client.nextResponse()).status, 200);
  });

  test('slow down a client that sends faster than its backend reads', async (t) => {
    const fixture = await start(t);
    const client = await fixture.connect();
    const arriving = arrival(fixture);
    const pieces = 96;
    const piece = Buffer.alloc(256 * 1024, 'x');
    const head = `{"model":"${MODEL}","input":"`;
    client.write(postHead(head.length + pieces * piece.length + 2) + head);
    const request = await arriving;
    request.socket.pause();
    for (let n = 0; n < pieces; n += 1) client.write(piece);
    client.write('"}');
    let before = -1;
    await waitFor(
      () => {
        const unsent = client.socket.writableLength;
        const isStill = unsent === before;
        before = unsent;
        return isStill;
      },
      { describe: 'the client to stop sending', intervalMs: 100 },
    );
    assert.ok(before > 0, 'all of it was taken');
    assert.ok(fixture.held() <= LIMIT, `${fixture.held()} bytes are held`);
    request.socket.on('data', () => {
      if (request.complete) request.socket.write(jsonResponse({ ok: true }));
      request.pieces.length = 0;
    });
    request.socket.resume();
    assert.equal((await client.nextResponse()).status, 200);
    assert.equal(fixture.held(), 0);
  });

  test('stream at any size if no model is read from them', async (t) => {
    const fixture = await start(t);
    let most = 0;
    fixture.backends.only.respond = (request) =>
      request.socket.on('data', () => {
        most = Math.max(most, fixture.held());
        if (request.complete) request.socket.write(jsonResponse({ ok: true }));
      });
    const body = Buffer.alloc(4 * LIMIT, 'x');
    const head = postHead(body.length, 'application/octet-stream');
    assert.equal((await fixture.send(Buffer.concat([Buffer.from(head), body]))).status, 200);
    assert.ok(most <= LIMIT, `${most} bytes were held`);
    await fixture.holds(0, 'in the end');
  });
});

const CHUNKED = 'Transfer-Encoding: chunked';

/** The head of a POST to a path that need not have JSON, or to that of a chat. */
function postHead(length: number | null, type = 'application/json'): string {
  const path = type === 'application/json' ? CHAT : '/olla/openai/v1/files';
  const framing = length === null ? CHUNKED : `Content-Length: ${length}`;
  return `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: ${type}\r\n${framing}\r\n\r\n`;
}

/** The beginning of a chunked POST. */
function chunkedStart(body: string): string {
  return postHead(null) + chunk(body);
}
