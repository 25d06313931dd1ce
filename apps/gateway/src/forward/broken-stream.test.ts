import assert from 'node:assert/strict';
import { test } from 'node:test';
import { streamErrorEvent, streamFormat } from './broken-stream.ts';

test('the format follows the content type', () => {
  assert.equal(streamFormat('text/event-stream; charset=utf-8'), 'sse');
  assert.equal(streamFormat('application/x-ndjson'), 'ndjson');
  assert.equal(streamFormat('application/json'), 'opaque');
  assert.equal(streamFormat(undefined), 'opaque');
});

test('an SSE error is an event of its own, also after half a line', () => {
  const whole = streamErrorEvent('sse', 'BACKEND_ERROR', 'gone', 0x0a);
  assert.equal(
    whole,
    '\nevent: error\ndata: {"error":{"message":"gone","type":"api_error","code":"BACKEND_ERROR"}}\n\n',
  );
  assert.ok(streamErrorEvent('sse', 'BACKEND_ERROR', 'gone', 0x7d).startsWith('\n\nevent: error\n'));
});

test('an NDJSON error is a line of its own', () => {
  assert.equal(streamErrorEvent('ndjson', 'BACKEND_ERROR', 'gone', 0x0a), '{"error":"gone"}\n');
  assert.equal(streamErrorEvent('ndjson', 'BACKEND_ERROR', 'gone', 0x7d), '\n{"error":"gone"}\n');
});

test('a plain body has no place for an error', () => {
  assert.equal(streamErrorEvent('opaque', 'BACKEND_ERROR', 'gone', 0x7d), '');
});
