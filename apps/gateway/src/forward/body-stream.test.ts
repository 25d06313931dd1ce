import assert from 'node:assert/strict';
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { describe, test } from 'node:test';
import { PendingBudget } from '../request/pending-budget.ts';
import { ReadBytes } from '../request/read-bytes.ts';
import { BodyStream } from './body-stream.ts';

const BUDGET_BYTES = 1024;

describe('BodyStream', () => {
  test('ends the body once when the backend has room again after the last piece', () => {
    const read = new ReadBytes(new PendingBudget(BUDGET_BYTES), null, BUDGET_BYTES);
    for (const piece of ['one', 'two']) read.push(Buffer.from(piece));
    const stream = new BodyStream({
      request: new IncomingMessage(new Socket()),
      read,
      chunks: read.chunks,
      isUnfinished: false,
      maxBytes: BUDGET_BYTES,
      checkPiece: null,
      onFault: assert.ifError,
    });
    const events: string[] = [];
    stream.start({
      data(piece) {
        events.push(piece.toString());
        return false;
      },
      end: () => events.push('end'),
      fail: assert.ifError,
    });
    stream.resume();
    stream.resume();
    assert.deepEqual(events, ['one', 'two', 'end']);
  });
});
