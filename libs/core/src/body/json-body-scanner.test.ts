import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { JsonBodyScanner } from './json-body-scanner.ts';

function scan(text: string): JsonBodyScanner {
  const scanner = new JsonBodyScanner();
  scanner.push(Buffer.from(text));
  scanner.end();
  return scanner;
}

/** Cuts at the given places, modulo the length. */
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

const cases: [string, string, string | null][] = [
  ['model first', '{"model":"m","stream":true}', 'm'],
  ['model last', '{"messages":[{"role":"user","content":"a \\"model\\": \\\\"}],"model":"m:7b"}', 'm:7b'],
  ['spaces everywhere', ' \r\n\t{ "stream" : false , "model" : "m" } ', 'm'],
  ['a byte order mark', '\ufeff{"model":"m"}', 'm'],
  ['escaped key', '{"mod\\u0065l":"m"}', 'm'],
  ['escaped value', '{"model":"a\\/b\\u00e9\\n"}', 'a/bé\n'],
  ['nested models do not count', '{"a":{"model":"x"},"b":[{"model":"y"}]}', null],
  ['nested models behind the model do not count', '{"model":"m","a":{"model":"x"},"b":[{"Model":1}]}', 'm'],
  ['empty object', '{}', null],
  ['a second model within another value', '{"model":"m","a":{"model":"x"},"b":"\\"model\\""}', 'm'],
  ['numbers and literals', '{"a":-1.5e+3,"b":null,"c":true,"model":"m"}', 'm'],
  ['the same name twice', '{"model":"m","x":1,"mod\\u0065l":"\\u006d"}', 'm'],
  ['empty and null name none', '{"model":"","x":1,"model":null}', null],
  ['what follows the object is not looked at', '{"model":"m"}{"model":"n"}', 'm'],
];
describe('JsonBodyScanner', () => {
  for (const [name, text, model] of cases) {
    test(`json: ${name}`, () => {
      const found = scan(text);
      assert.deepEqual([found.model, found.state, found.isBroken], [model, 'over', false]);
    });
  }

  test('json: malformed JSON is broken, and the model found before it is kept', () => {
    const broken: [string, string | null][] = [
      ['{"a" 1,"model":"m"}', null],
      ['{"model":"m" "model":"n"}', 'm'],
      ['{"x":1', null],
      ['{"model":null', null],
    ];
    for (const [text, model] of broken) {
      const found = scan(text);
      assert.deepEqual([found.model, found.state, found.isBroken], [model, 'over', true], text);
    }
  });

  test('json: a body that is not an object, or not UTF-8, is INVALID_JSON', () => {
    const texts = ['[1]', '"model"', 'null', 'model=m', '<xml/>', '', ' \n', '{\0"\0m\0', '\0{', '\xff\xfe{'];
    for (const text of texts) assert.equal(scan(text).error, 'INVALID_JSON', JSON.stringify(text));
  });

  test('json: a model that is no string, or too long, or malformed, is INVALID_MODEL', () => {
    const values = [
      '1',
      'true',
      'nul',
      '["m"]',
      '{"a":1}',
      `"${'x'.repeat(2000)}"`,
      '"\\q"',
      '"a\nb"',
      '"\\u12"',
    ];
    for (const value of values) {
      const found = scan(`{"model":${value}}`);
      assert.deepEqual([found.error, found.state, found.model], ['INVALID_MODEL', 'invalid', null], value);
    }
  });

  test('json: two names are INVALID_MODEL, at any position of the second', () => {
    for (const second of ['"b"', '""', 'null', '7'])
      for (const between of ['', 'x'.repeat(300_000)])
        assert.equal(
          scan(`{"model":"a","x":"${between}","mod\\u0065l":${second}}`).error,
          'INVALID_MODEL',
          second,
        );
  });

  test('json: other letter cases are noted and are no model', () => {
    const text = '{"Model":"x","MODEL":null,"mODEL":[1],"\\u004dodel":"z","models":"n","mode":"n"}';
    const found = scan(text);
    assert.deepEqual([found.model, found.state], [null, 'over']);
    assert.deepEqual(
      found.entries.map(({ model, isExact }) => [model, isExact]),
      [
        ['x', false],
        [null, false],
        [undefined, false],
        ['z', false],
      ],
    );
  });

  test('json: a name that occurs very often is refused', () => {
    assert.equal(scan(`{${'"model":"m",'.repeat(1000)}"a":1}`).error, 'INVALID_MODEL');
  });

  test('json: offsets cover the token with its quotes, and the place where a field can be inserted', () => {
    const text = ' {"ü":"é","model" : "naïve\\"x" ,"z":1,"Model":"y"}';
    const body = Buffer.from(text);
    const found = scan(text);
    assert.deepEqual(
      found.entries.map(({ start, end }) => body.subarray(start, end).toString()),
      ['"naïve\\"x"', '"y"'],
    );
    assert.deepEqual([found.insertAt, found.hasFields, scan('{ }').hasFields], [2, true, false]);
  });

  test('json: depth, size and bytes that are not UTF-8 cost no memory', () => {
    const deep = scan(`{"a":${'['.repeat(100_000)}${']'.repeat(100_000)},"model":"m"}`);
    assert.equal(deep.model, 'm');
    const scanner = new JsonBodyScanner();
    scanner.push(Buffer.from('{"a":"'));
    const mebibyte = Buffer.alloc(1 << 20, 0xff);
    for (let i = 0; i < 50; i += 1) assert.equal(scanner.push(mebibyte), 'need-more');
    scanner.push(Buffer.from('\\"","model":"m"}'));
    scanner.end();
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
      fc.constantFrom('model', 'Model', 'MODEL', 'stream', 'messages', 'a"b', '\\'),
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
        const pieces = new JsonBodyScanner();
        for (const chunk of cut(body, places)) pieces.push(chunk);
        pieces.end();
        assert.deepEqual({ ...pieces }, { ...whole });
        const model = parsed['model'];
        if (model === undefined || model === null || model === '') assert.equal(whole.model, null);
        else if (typeof model !== 'string') assert.equal(whole.error, 'INVALID_MODEL');
        else assert.equal(whole.model, model);
        if (whole.error === null) {
          assert.deepEqual([whole.state, whole.isBroken], ['over', false]);
          const keys = Object.keys(parsed).filter((key) => key.toLowerCase() === 'model');
          assert.equal(whole.entries.length, keys.length);
          for (const { model: name, start, end } of whole.entries)
            if (name !== undefined) assert.equal(JSON.parse(body.subarray(start, end).toString()), name);
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
        const pieces = new JsonBodyScanner();
        for (const chunk of cut(body, places)) pieces.push(chunk);
        pieces.end();
        assert.deepEqual({ ...pieces }, { ...whole });
      }),
      { numRuns: 1500 },
    );
  });

  function scanJson(body: Uint8Array): JsonBodyScanner {
    const scanner = new JsonBodyScanner();
    scanner.push(body);
    scanner.end();
    return scanner;
  }
});
