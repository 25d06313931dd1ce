import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { MultipartBodyScanner } from './multipart-body-scanner.ts';

const TYPE = 'multipart/form-data; charset=utf-8; boundary="--x1"';

function part(name: string, value: string, extra = ''): string {
  return `----x1\r\nContent-Disposition: form-data; name="${name}"${extra}\r\n\r\n${value}\r\n`;
}

function scan(chunks: readonly Uint8Array[]): MultipartBodyScanner {
  const scanner = new MultipartBodyScanner(MultipartBodyScanner.boundaryOf(TYPE) ?? '');
  for (const chunk of chunks) scanner.push(chunk);
  scanner.end();
  return scanner;
}

function whole(text: string): MultipartBodyScanner {
  return scan([Buffer.from(text)]);
}

describe('MultipartBodyScanner', () => {
  test('multipart: finds model behind a file, with its range', () => {
    const body = Buffer.from(
      part('file', 'RIFF\r\n--x1 not a delimiter\r\n', '; filename="model"\r\nContent-Type: audio/wav') +
        part('model', 'whisper-1') +
        part('stream', 'true') +
        '----x1--\r\n',
    );
    const found = scan([body]);
    assert.deepEqual([found.state, found.model, found.isBroken], ['over', 'whisper-1', false]);
    assert.deepEqual(
      found.entries.map(({ start, end }) => body.subarray(start, end).toString()),
      ['whisper-1'],
    );
  });

  test('multipart: no model, an empty one, other spellings of the header', () => {
    assert.deepEqual(whole(part('file', 'x') + '----x1--').entries, []);
    assert.equal(whole(part('model', '') + '----x1--').model, null);
    assert.equal(
      whole('----x1\r\ncontent-disposition:form-data;filename=a;name=model\r\n\r\nm\r\n----x1--').model,
      'm',
    );
    assert.equal(whole('----x1 \t\r\nX-Other: y\r\n\r\n\r\n' + part('model', 'm') + '----x1--').model, 'm');
    assert.equal(whole('preamble\r\n' + part('model', 'm') + '----x1--').model, 'm');
  });

  test('multipart: the longest headers of a part take no long time, whatever they are made of', () => {
    const names = Array.from({ length: 700 }, (_, i) => `;name*${(i * 7_919) % 997}=a`).join('');
    for (const header of [
      `Content-Transfer-Encoding:${' '.repeat(8_000)}x`,
      `Content-Disposition: form-data${names}`,
    ]) {
      const body = `----x1\r\n${header}\r\n\r\nv\r\n`.repeat(40) + '----x1--';
      const startedAt = performance.now();
      assert.equal(whole(body).state, 'over');
      // Quadratic time, or a collator for each comparison, takes two seconds and more.
      assert.ok(performance.now() - startedAt < 1_000, header.slice(0, 40));
    }
  });

  test('multipart: a name in any form that some server reads counts', () => {
    for (const disposition of [
      "form-data; name*=utf-8''m%6fdel",
      "form-data; name=file; name*=utf-8'en'model",
      'form-data; name*0=mo; name*1="del"',
      "form-data; name*0*=utf-8''m%6F; name*1=del",
      'form-data;\r\n name="model"',
      'form-data; name=x\r\nContent-Disposition: form-data; name="model"',
      'form-data; name="model"; filename="f"',
    ])
      assert.equal(
        whole(`----x1\r\nContent-Disposition: ${disposition}\r\n\r\nm\r\n----x1--`).model,
        'm',
        disposition,
      );
  });

  test('multipart: two names, or one that is over-long, unprintable or encoded, are INVALID_MODEL', () => {
    for (const form of [
      part('model', 'a') + part('model', 'b'),
      part('model', 'a') + part('model', ''),
      part('model', 'x'.repeat(5000)),
      part('model', 'a\nb'),
      part('model', 'YQ==', '\r\nContent-Transfer-Encoding: base64'),
    ]) {
      const found = whole(form + '----x1--');
      assert.deepEqual([found.error, found.model], ['INVALID_MODEL', null]);
    }
  });

  test('multipart: the same name twice is one', () => {
    const found = whole(part('model', 'a') + part('x', 'y') + part('model', 'a') + '----x1--');
    assert.deepEqual([found.model, found.entries.length], ['a', 2]);
  });

  test('multipart: a body that servers read differently, or that is no form, is broken', () => {
    for (const form of [
      '',
      '{"model":"m"}',
      part('x', 'y'),
      `----x1\nContent-Disposition: form-data; name="model"\n\nm\n${part('x', 'y')}----x1--`,
      `----x1\r\nContent-Disposition: form-data; name="model"\r\n\r\n${part('model', 'm')}----x1--`,
      `----x1\r\nX-Long: ${'y'.repeat(20_000)}\r\n\r\nbody\r\n----x1--`,
    ])
      assert.deepEqual([whole(form).state, whole(form).isBroken], ['over', true], form.slice(0, 60));
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
        if (once.error !== null || once.isBroken) return;
        assert.deepEqual(
          once.entries.map(({ model }) => model),
          models,
        );
        for (const { model, start, end } of once.entries)
          assert.equal(body.subarray(start, end).toString(), model);
      }),
      { numRuns: 800 },
    );
  });
});
