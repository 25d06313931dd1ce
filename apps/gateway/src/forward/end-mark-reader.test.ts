import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { EndMarkReader } from './end-mark-reader.ts';
import { EndMarks } from './end-marks.ts';
import { streamDialect, type StreamDialect } from './stream-dialect.ts';
import { UsageReader } from './usage-reader.ts';

const delta = (content: string): string =>
  `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content }, finish_reason: null }] })}\n\n`;
const USAGE = 'data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4}}\n\n';
/** Texts that look like ends, and quotes that JSON escapes. */
const TRAP = 'data: [DONE] "finish_reason":"stop" "done":true {"type":"message_stop"} "response.completed" ';
const completed = (text: string): string =>
  `event: response.completed\ndata: ${JSON.stringify({ type: 'response.completed', response: { output: [text], usage: { input_tokens: 3, output_tokens: 4 } } })}\n\n`;

/** The content of a stream before its end, and ends of it. */
const STREAMS: readonly (readonly [StreamDialect, before: string, ends: readonly string[]])[] = [
  [
    'openai',
    delta('half') + delta(TRAP),
    [
      'data: [DONE]\n\n',
      'data:[DONE]\r\n\r\n',
      `data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\n${USAGE}data: [DONE]\n\n`,
      `data: {"choices": [{"delta": {}, "finish_reason": "length"}]}\n\n${USAGE}`,
      'data: {"error":{"message":"out of memory"}}\n\n',
      'error: {"message":"out of memory"}\n\n',
    ],
  ],
  [
    'anthropic',
    `event: content_block_delta\ndata: ${JSON.stringify({ type: 'content_block_delta', delta: { text: TRAP } })}\n\n`,
    ['event: message_stop\ndata: {"type":"message_stop"}\n\n', 'event: error\ndata: {"type": "error"}\n\n'],
  ],
  [
    'responses',
    `event: response.output_text.delta\ndata: ${JSON.stringify({ type: 'response.output_text.delta', delta: TRAP })}\n\n`,
    [
      completed('short'),
      completed('x'.repeat(9_000)),
      `${completed('x')}data: [DONE]\n\n`,
      'data: {"type": "response.failed", "response": {}}\n\n',
      'data: {"type":"response.incomplete","response":{}}\n\n',
      'event: error\ndata: {"type":"error","code":"x"}\n\n',
    ],
  ],
  [
    'ollama-api',
    `${JSON.stringify({ message: { content: TRAP }, done: false })}\n`,
    [
      '{"model":"m","done":true,"done_reason":"stop"}\n',
      `{"model":"m","done":true,"context":[${'1,'.repeat(9_000)}1],"total_duration":5,"eval_count":3}\n`,
      '{"error":"out of memory"}\n',
    ],
  ],
];

function isWhole(dialect: StreamDialect, text: string, cuts: readonly number[]): boolean {
  const reader = new EndMarkReader(dialect);
  const usage = UsageReader.for('text/event-stream', 200);
  const bytes = Buffer.from(text);
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  let from = 0;
  for (const to of [...places, bytes.length]) {
    reader.read(bytes.subarray(from, to));
    usage?.read(bytes.subarray(from, to));
    from = to;
  }
  return reader.isWhole(usage?.finish() !== null);
}

describe('a stream', () => {
  for (const [dialect, before, ends] of STREAMS) {
    test(`of ${dialect} is complete with each of its ends, in chunks of any size`, () => {
      fc.assert(
        fc.property(fc.constantFrom(...ends), fc.array(fc.nat()), fc.nat(40), (end, cuts, times) => {
          assert.equal(isWhole(dialect, before.repeat(times) + end, cuts), true, end);
        }),
      );
    });

    test(`of ${dialect} is incomplete without its end, for any text in it`, () => {
      fc.assert(
        fc.property(fc.array(fc.nat()), fc.nat(40), (cuts, times) => {
          assert.equal(isWhole(dialect, before.repeat(times), cuts), false);
        }),
      );
    });
  }
});

describe('the dialect of a stream', () => {
  test('follows from its path and its format', () => {
    assert.deepEqual(
      (
        [
          ['POST', '/v1/chat/completions', 'sse'],
          ['POST', '/api/v0/chat/completions', 'sse'],
          ['POST', '/v1/messages', 'sse'],
          ['POST', '/v1/responses', 'sse'],
          ['POST', '/api/chat', 'ndjson'],
          ['POST', '/api/chat', 'sse'],
          ['POST', '/api/pull', 'ndjson'],
          ['POST', '/completion', 'sse'],
          ['GET', '/v1/responses', 'sse'],
          ['POST', '/v1/chat/completions', 'opaque'],
        ] as const
      ).map(([method, path, format]) => streamDialect(method, path, format)),
      ['openai', 'openai', 'anthropic', 'responses', 'ollama-api', null, null, null, null, null],
    );
  });
});

describe('an endpoint', () => {
  const SOURCE = { endpoint: 'e', model: 'm', dialect: 'openai' } as const;

  test('whose model never sent an end mark is no longer checked after three whole responses', () => {
    const marks = new EndMarks();
    const seen = [1, 2, 3, 4, 5].map(() => marks.isWhole(SOURCE, false));
    assert.deepEqual(seen, [false, false, false, true, true]);
    assert.equal(marks.isWhole({ ...SOURCE, model: 'other' }, false), false);
    assert.equal(marks.isWhole({ ...SOURCE, endpoint: 'other' }, false), false);
    assert.equal(marks.isWhole({ ...SOURCE, dialect: 'ollama-api' }, false), false);
  });

  test('whose model sent one has to send it again', () => {
    const marks = new EndMarks();
    for (let i = 0; i < 5; i += 1) marks.isWhole(SOURCE, false);
    assert.equal(marks.isWhole(SOURCE, true), true);
    for (let i = 0; i < 5; i += 1) assert.equal(marks.isWhole(SOURCE, false), false);
  });
});
