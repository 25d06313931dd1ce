import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MalformedMessage, MessageReader, type MessageHead } from './message-reader.ts';

interface Message {
  startLine: string;
  body: string;
  whole: boolean;
}

function collect(direction: 'request' | 'response') {
  const messages: Message[] = [];
  const reader = new MessageReader(
    {
      onHead: (head: MessageHead) => messages.push({ startLine: head.startLine, body: '', whole: false }),
      onBody: (bytes, start, end) => (messages.at(-1)!.body += bytes.toString('latin1', start, end)),
      onEnd: () => (messages.at(-1)!.whole = true),
    },
    direction,
  );
  return { messages, reader };
}

const RESPONSES = [
  'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello',
  'HTTP/1.1 100 Continue\r\n\r\n',
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Time\r\n\r\n3\r\nabc\r\nA\r\n0123456789\r\n0\r\nX-Time: 4ms\r\n\r\n',
  'HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n',
  'HTTP/1.1 429 Too Many Requests\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
].join('');

test('reads the same messages wherever the bytes are split', () => {
  const cuts = fc.array(fc.integer({ min: 1, max: RESPONSES.length - 1 }), { maxLength: 12 });
  const property = fc.property(cuts, (positions) => {
    const { messages, reader } = collect('response');
    const edges = [0, ...new Set(positions.toSorted((a, b) => a - b)), RESPONSES.length];
    // All reads share one buffer, as in the generator, so the reader has to copy what it keeps between them.
    const shared = Buffer.alloc(RESPONSES.length);
    for (let i = 1; i < edges.length; i += 1) {
      const piece = RESPONSES.slice(edges[i - 1], edges[i]);
      shared.fill('\r\n\r\n').write(piece, 'latin1');
      reader.push(shared, piece.length);
    }
    assert.deepEqual(messages, [
      { startLine: 'HTTP/1.1 200 OK', body: 'hello', whole: true },
      { startLine: 'HTTP/1.1 200 OK', body: 'abc0123456789', whole: true },
      { startLine: 'HTTP/1.1 204 No Content', body: '', whole: true },
      { startLine: 'HTTP/1.1 429 Too Many Requests', body: '', whole: true },
    ]);
  });
  fc.assert(property, { numRuns: 300 });
});

test('reads no body for a request without framing, and a body until EOF for a response without framing', () => {
  const request = collect('request');
  request.reader.push(Buffer.from('GET /health HTTP/1.1\r\nHost: a\r\n\r\n'));
  assert.deepEqual(request.messages, [{ startLine: 'GET /health HTTP/1.1', body: '', whole: true }]);

  const response = collect('response');
  response.reader.push(Buffer.from('HTTP/1.0 200 OK\r\nConnection: close\r\n\r\nabc'));
  assert.equal(response.messages[0]!.whole, false);
  assert.equal(response.reader.close(), true);
  assert.deepEqual(response.messages, [{ startLine: 'HTTP/1.0 200 OK', body: 'abc', whole: true }]);
});

test('reports an incomplete message when the peer closes in its middle', () => {
  for (const text of ['HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel', 'HTTP/1.1 200 OK\r\nConte']) {
    const { messages, reader } = collect('response');
    reader.push(Buffer.from(text));
    assert.equal(reader.close(), false);
    assert.ok(messages.every((message) => !message.whole));
  }
});

test('throws MalformedMessage for a chunk size that is not a number', () => {
  const { reader } = collect('response');
  const text = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n';
  assert.throws(() => reader.push(Buffer.from(text)), MalformedMessage);
});
