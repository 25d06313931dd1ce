import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { JsonBodyScanner } from './json-body-scanner.ts';

function scan(text: string, options = {}): JsonBodyScanner {
  const scanner = new JsonBodyScanner(options);
  scanner.push(Buffer.from(text));
  scanner.end();
  return scanner;
}

/** Cuts at the given places, modulo what is there. */
function cut(body: Buffer, places: readonly number[]): Buffer[] {
  const at = [...new Set(places.map((place) => place % (body.length + 1)))].sort((a, b) => a - b);
  const chunks: Buffer[] = [];
  let from = 0;
  for (const to of [...at, body.length]) {
    chunks.push(body.subarray(from, to));
    from = to;
  }
  return chunks;
}

const cases: [string, string, string | null, string][] = [
  ['model first', '{"model":"m","stream":true}', 'm', 'done'],
  [
    'model last',
    '{"messages":[{"role":"user","content":"a \\"model\\": \\\\"}],"model":"m:7b"}',
    'm:7b',
    'done',
  ],
  ['spaces everywhere', ' \r\n\t{ "stream" : false , "model" : "m" } ', 'm', 'done'],
  ['escaped key', '{"mod\\u0065l":"m"}', 'm', 'done'],
  ['escaped value', '{"model":"a\\/b\\u00e9\\n"}', 'a/bé\n', 'done'],
  ['nested models do not count', '{"a":{"model":"x"},"b":[{"model":"y"}]}', null, 'no-model'],
  ['empty object', '{}', null, 'no-model'],
  ['broken after the model', '{"model":"m", oops', 'm', 'done'],
  ['broken before the model', '{"a" 1,"model":"m"}', null, 'no-model'],
  ['a second model within another value', '{"model":"m","a":{"model":"x"},"b":"\\"model\\""}', 'm', 'done'],
  ['numbers and literals', '{"a":-1.5e+3,"b":null,"c":true,"model":"m"}', 'm', 'done'],
  ['empty name', '{"model":""}', '', 'done'],
  ['case matters', '{"Model":"x","MODEL":"y"}', null, 'no-model'],
];
for (const [name, text, model, state] of cases) {
  test(`json: ${name}`, () => {
    const found = scan(text, { untilEnd: true });
    assert.deepEqual([found.model, found.state], [model, state]);
  });
}

test('json: what is not an object is INVALID_JSON', () => {
  for (const text of ['[1]', '"model"', 'null', 'model=m', '<xml/>', '\ufeff{}', '', ' \n']) {
    assert.equal(scan(text).error, 'INVALID_JSON', text);
  }
});

test('json: a model that is no string, or too long, or malformed, is INVALID_MODEL', () => {
  const values = ['1', 'null', '["m"]', '{"a":1}', `"${'x'.repeat(2000)}"`, '"\\q"', '"a\nb"', '"\\u12"'];
  for (const value of values) {
    const found = scan(`{"model":${value}}`);
    assert.deepEqual([found.error, found.state, found.model], ['INVALID_MODEL', 'invalid', null], value);
  }
});

test('json: a second model is found when the scan goes on', () => {
  const text = '{"model":"a","x":1,"mod\\u0065l":"b"}';
  assert.equal(scan(text, { untilEnd: true }).error, 'INVALID_MODEL');
  assert.equal(scan(text).model, 'a');
});

test('json: offsets hold the token with its quotes', () => {
  const text = '{"ü":"é","model" : "naïve\\"x" ,"z":1}';
  const body = Buffer.from(text);
  const found = scan(text);
  assert.equal(body.subarray(found.modelStart, found.modelEnd).toString(), '"naïve\\"x"');
});

test('json: depth, size and bytes that are not UTF-8 cost nothing', () => {
  const deep = scan(`{"a":${'['.repeat(100_000)}${']'.repeat(100_000)},"model":"m"}`);
  assert.equal(deep.model, 'm');
  const scanner = new JsonBodyScanner();
  scanner.push(Buffer.from('{"a":"'));
  const mebibyte = Buffer.alloc(1 << 20, 0xff);
  for (let i = 0; i < 50; i += 1) assert.equal(scanner.push(mebibyte), 'need-more');
  scanner.push(Buffer.from('\\"","model":"m"}'));
  assert.equal(scanner.model, 'm');
});

test('json: an endless key or model is not kept', () => {
  const key = new JsonBodyScanner();
  key.push(Buffer.from('{"model'));
  for (let i = 0; i < 100; i += 1) key.push(Buffer.alloc(1000, 0x78));
  key.push(Buffer.from('":1,"model":"m"}'));
  assert.equal(key.model, 'm');
  const model = new JsonBodyScanner();
  model.push(Buffer.from('{"model":"'));
  for (let i = 0; i < 3; i += 1) model.push(Buffer.alloc(500, 0x78));
  assert.equal(model.error, 'INVALID_MODEL');
});

const anyObject = fc.dictionary(
  fc.oneof(
    fc.constantFrom('model', 'stream', 'messages', 'a"b', '\\'),
    fc.string({ unit: 'binary', maxLength: 8 }),
  ),
  fc.oneof(fc.jsonValue({ maxDepth: 3 }), fc.string({ unit: 'binary', maxLength: 60 })),
  { maxKeys: 6 },
);
const spacing = fc.constantFrom(undefined, 2, '\t');

test('json: agrees with JSON.parse on any object in any chunks', () => {
  fc.assert(
    fc.property(anyObject, spacing, fc.array(fc.nat(), { maxLength: 12 }), (object, space, places) => {
      const text = JSON.stringify(object, undefined, space);
      const body = Buffer.from(text);
      const parsed = JSON.parse(text) as Record<string, unknown>;
      const whole = scanJson(body);
      const pieces = new JsonBodyScanner({ untilEnd: true });
      for (const chunk of cut(body, places)) pieces.push(chunk);
      pieces.end();
      assert.deepEqual({ ...pieces }, { ...whole });
      if (!Object.hasOwn(parsed, 'model')) assert.equal(whole.state, 'no-model');
      else if (typeof parsed['model'] !== 'string') assert.equal(whole.error, 'INVALID_MODEL');
      else {
        assert.equal(whole.model, parsed['model']);
        assert.equal(JSON.parse(body.subarray(whole.modelStart, whole.modelEnd).toString()), parsed['model']);
      }
    }),
    { numRuns: 1500 },
  );
});

test('json: any bytes in any chunks end in the same state, and never throw', () => {
  const bytes = fc.array(fc.constantFrom(...Buffer.from('{}[]":,\\ model1\n\xff', 'latin1')), {
    maxLength: 80,
  });
  fc.assert(
    fc.property(bytes, fc.array(fc.nat(), { maxLength: 8 }), (content, places) => {
      const body = Buffer.from([...Buffer.from('{"'), ...content]);
      const whole = scanJson(body);
      const pieces = new JsonBodyScanner({ untilEnd: true });
      for (const chunk of cut(body, places)) pieces.push(chunk);
      pieces.end();
      assert.deepEqual({ ...pieces }, { ...whole });
    }),
    { numRuns: 1500 },
  );
});

function scanJson(body: Uint8Array): JsonBodyScanner {
  const scanner = new JsonBodyScanner({ untilEnd: true });
  scanner.push(body);
  scanner.end();
  return scanner;
}
