import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { UsageReader } from './usage-reader.ts';

function usageOf(contentType: string, ...chunks: string[]) {
  const reader = UsageReader.for(contentType, 200);
  for (const chunk of chunks) reader?.read(Buffer.from(chunk));
  return reader?.finish() ?? null;
}

describe('UsageReader', () => {
  test("OpenAI's usage, whole and streamed; the last report counts", () => {
    const usage = '"usage":{"prompt_tokens":11,"completion_tokens": 5,"total_tokens":16}';
    assert.deepEqual(usageOf('application/json; charset=utf-8', `{"choices":[],${usage}}`), {
      tokensIn: 11,
      tokensOut: 5,
    });
    const early = 'data: {"usage":{"prompt_tokens":11,"completion_tokens":1}}\n\n';
    assert.deepEqual(usageOf('text/event-stream', early, `data: {${usage}}\n\n`, 'data: [DONE]\n\n'), {
      tokensIn: 11,
      tokensOut: 5,
    });
  });

  test("Ollama's counts", () => {
    const last = '{"done":true,"prompt_eval_count":23,"prompt_eval_duration":1964000,"eval_count":10}\n';
    assert.deepEqual(usageOf('application/x-ndjson', '{"done":false}\n', last), {
      tokensIn: 23,
      tokensOut: 10,
    });
    assert.deepEqual(usageOf('application/json', last), { tokensIn: 23, tokensOut: 10 });
  });

  test("Ollama's count of the answer alone, when the whole prompt was cached", () => {
    assert.deepEqual(usageOf('application/x-ndjson', '{"done":true,"eval_count":10}\n'), {
      tokensIn: 0,
      tokensOut: 10,
    });
  });

  test("Anthropic's usage", () => {
    assert.deepEqual(usageOf('application/json', '{"usage":{"input_tokens":7,"output_tokens":3}}'), {
      tokensIn: 7,
      tokensOut: 3,
    });
  });

  test('a report that is split by the end of a chunk', () => {
    assert.deepEqual(
      usageOf('application/json', '{"usage":{"prompt_tok', 'ens":11,"completion_tokens":', '5}}'),
      {
        tokensIn: 11,
        tokensOut: 5,
      },
    );
  });

  test('nothing if nothing is reported', () => {
    assert.equal(usageOf('text/event-stream', 'data: {"usage":null}\n\n'), null);
    assert.equal(usageOf('application/json', '{"error":"no"}'), null);
    assert.equal(usageOf('text/plain', '"usage":{"prompt_tokens":11}'), null);
    assert.equal(UsageReader.for('application/json', 500), null);
  });
});
