import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MultipartBodyScanner } from './multipart-body-scanner.ts';

const TYPE = 'multipart/form-data; charset=utf-8; boundary="--x1"';

function part(name: string, value: string, extra = ''): string {
  return `----x1\r\nContent-Disposition: form-data; name="${name}"${extra}\r\n\r\n${value}\r\n`;
}

function scan(chunks: readonly Uint8Array[], untilEnd = true): MultipartBodyScanner {
  const scanner = new MultipartBodyScanner(MultipartBodyScanner.boundaryOf(TYPE) ?? '', { untilEnd });
  for (const chunk of chunks) scanner.push(chunk);
  scanner.end();
  return scanner;
}

function whole(text: string): MultipartBodyScanner {
  return scan([Buffer.from(text)]);
}

test('multipart: finds model behind a file, and where it stands', () => {
  const body = Buffer.from(
    part('file', 'RIFF\r\n--x1 not a delimiter\r\n', '; filename="model"\r\nContent-Type: audio/wav') +
      part('model', 'whisper-1') +
      part('stream', 'true') +
      '----x1--\r\n',
  );
  const found = scan([body]);
  assert.deepEqual([found.state, found.model], ['done', 'whisper-1']);
  assert.equal(body.subarray(found.modelStart, found.modelEnd).toString(), 'whisper-1');
});

test('multipart: no model, an empty one, other spellings of the header', () => {
  assert.equal(whole(part('file', 'x') + '----x1--').state, 'no-model');
  assert.equal(whole(part('model', '') + '----x1--').model, '');
  assert.equal(whole('').state, 'no-model');
  assert.equal(
    whole('----x1\r\ncontent-disposition:form-data;filename=a;name=model\r\n\r\nm\r\n----x1--').model,
    'm',
  );
  assert.equal(whole('----x1\r\nX-Other: y\r\n\r\n\r\n' + part('model', 'm') + '----x1--').model, 'm');
  assert.equal(whole('preamble\r\n' + part('model', 'm') + '----x1--').model, 'm');
});

test('multipart: a second, over-long or unprintable model is INVALID_MODEL', () => {
  for (const form of [
    part('model', 'a') + part('model', 'b'),
    part('model', 'x'.repeat(5000)),
    part('model', 'a\nb'),
  ]) {
    const found = whole(form + '----x1--');
    assert.deepEqual([found.error, found.model], ['INVALID_MODEL', null]);
  }
});

test('multipart: the boundary is read from the header', () => {
  const cases: [string, string | null][] = [
    ['multipart/form-data', null],
    ['Multipart/Form-Data; charset=x; Boundary=ab', 'ab'],
    ['multipart/form-data; boundary="a;b"; x=y', 'a;b'],
    [`multipart/form-data; boundary=${'x'.repeat(300)}`, null],
    ['multipart/mixed; boundary=x', null],
    ['application/json', null],
  ];
  for (const [contentType, boundary] of cases) {
    assert.equal(MultipartBodyScanner.boundaryOf(contentType), boundary, contentType);
  }
});

test('multipart: endless headers are passed over', () => {
  const headers = `----x1\r\nX-Long: ${'y'.repeat(20_000)}\r\n\r\nbody\r\n`;
  assert.equal(whole(headers + part('model', 'm') + '----x1--').model, 'm');
});

test('multipart: chunks make no difference', () => {
  const field = fc.tuple(
    fc.constantFrom('model', 'file', 'stream', 'prompt'),
    fc.oneof(
      fc.constantFrom('true', 'm:7b', '\r\n', '\r\n--', '\r\n----x', '--'),
      fc.string({ unit: 'binary', maxLength: 20 }),
    ),
  );
  fc.assert(
    fc.property(fc.array(field, { maxLength: 5 }), fc.integer({ min: 1, max: 30 }), (fields, size) => {
      const body = Buffer.from(fields.map(([name, value]) => part(name, value)).join('') + '----x1--\r\n');
      const chunks: Buffer[] = [];
      for (let at = 0; at < body.length; at += size) chunks.push(body.subarray(at, at + size));
      const once = scan([body]);
      assert.deepEqual({ ...scan(chunks) }, { ...once });
      const models = fields.filter(([name]) => name === 'model').map(([, value]) => value);
      if (once.state === 'done') {
        assert.deepEqual([once.model], models);
        assert.equal(body.subarray(once.modelStart, once.modelEnd).toString(), once.model);
      } else if (once.state === 'no-model') assert.equal(models.length, 0);
    }),
    { numRuns: 800 },
  );
});
