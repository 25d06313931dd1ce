import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { streamErrorEvent } from './broken-stream.ts';
import type { StreamDialect } from './stream-dialect.ts';
import { streamFormat, type StreamFormat } from './stream-format.ts';

const event = (format: StreamFormat, dialect: StreamDialect | null, lastByte: number): string =>
  streamErrorEvent(format, dialect, { code: 'BACKEND_ERROR', message: 'gone', lastByte });

describe('streamErrorEvent', () => {
  test('the format follows the content type', () => {
    assert.equal(streamFormat('text/event-stream; charset=utf-8'), 'sse');
    assert.equal(streamFormat('application/x-ndjson'), 'ndjson');
    assert.equal(streamFormat('application/json'), 'opaque');
    assert.equal(streamFormat(undefined), 'opaque');
  });

  test('an SSE error is an event of its own, also after half a line', () => {
    const whole = event('sse', null, 0x0a);
    assert.equal(
      whole,
      '\nevent: error\ndata: {"error":{"message":"gone","type":"api_error","code":"BACKEND_ERROR"}}\n\n',
    );
    assert.ok(event('sse', null, 0x7d).startsWith('\n\nevent: error\n'));
  });

  test('an NDJSON error is a line of its own', () => {
    assert.equal(event('ndjson', null, 0x0a), '{"error":"gone"}\n');
    assert.equal(event('ndjson', null, 0x7d), '\n{"error":"gone"}\n');
  });

  test('a plain body has no format for an error', () => {
    assert.equal(event('opaque', null, 0x7d), '');
  });

  test('an error within a stream of Anthropic or Responses has the fields that its clients read', () => {
    assert.equal(
      event('sse', 'anthropic', 0x0a),
      '\nevent: error\ndata: {"type":"error","error":{"type":"api_error","message":"gone"}}\n\n',
    );
    assert.equal(
      event('sse', 'responses', 0x0a),
      '\nevent: error\ndata: {"type":"error","code":"BACKEND_ERROR","message":"gone","param":null,' +
        '"error":{"message":"gone","type":"api_error","code":"BACKEND_ERROR"}}\n\n',
    );
  });
});
