import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { MAX_MESSAGE_BYTES, OpeningScanner } from './opening-scanner.ts';

const system = { role: 'system', content: 'You are "helpful" \\ {[,]} é'.repeat(40) };
const user = (content: unknown): object => ({ role: 'user', content });
const tools = Array.from({ length: 100 }, (_, n) => ({
  name: `tool ${n}`,
  parameters: { messages: [user('in a tool')], description: '"]}'.repeat(50) },
}));
const textOf = (body: unknown): string => (typeof body === 'string' ? body : JSON.stringify(body));
const hashOf = (text: string | Buffer): string => createHash('sha256').update(text).digest('base64url');

/** @param piece bytes of each chunk */
function opening(body: unknown, piece = Infinity): string | null {
  const bytes = Buffer.from(textOf(body));
  const scanner = new OpeningScanner();
  for (let at = 0; at < bytes.length; at += piece) scanner.push(bytes.subarray(at, at + piece));
  return scanner.opening;
}

describe('OpeningScanner', () => {
  test('finds the same opening in all turns of a conversation, and another in other conversations', () => {
    const turns = [system, user('Hello'), { role: 'assistant', content: 'Hi' }, user('And now?')];
    const first = opening({ model: 'm', stream: true, messages: turns.slice(0, 2) });
    assert.ok(first !== null);
    for (let count = 2; count <= turns.length; count += 1)
      for (const body of [
        { temperature: 1, messages: turns.slice(0, count), model: 'm' },
        { tools, model: 'm', messages: turns.slice(0, count) },
        { messages: turns.slice(0, count), tools },
        { input: turns.slice(0, count) },
      ])
        assert.equal(opening(body), first);
    assert.notEqual(opening({ tools, messages: [system, user('Hallo')] }), first);
    assert.notEqual(opening({ messages: [{ role: 'system', content: 'other' }, user('Hello')] }), first);
  });

  test('finds the role anywhere in its message, and content that is a list', () => {
    const list = '[ {"content":[{"type":"text","text":"}]","role":"system"}], "role":"user"}';
    assert.equal(opening(`{"messages": ${list} , 1]}`), hashOf(list));
  });

  test('is done as soon as the opening has arrived, and has no hash before', () => {
    const scanner = new OpeningScanner();
    scanner.push(Buffer.from('{"tools":[1],"messages":[{"role":"user","content":"x"'));
    assert.deepEqual([scanner.isDone, scanner.opening], [false, null]);
    scanner.push(Buffer.from('},'));
    assert.equal(scanner.isDone, true);
    assert.equal(scanner.opening, hashOf('[{"role":"user","content":"x"}'));
  });

  test('finds no opening in a body that is no conversation', () => {
    for (const body of [
      { model: 'm', input: ['a', 'b'] },
      { model: 'm', input: 'text' },
      { model: 'm', input: null, messages: [user('x')] },
      { model: 'm', prompt: 'text' },
      { messages: {} },
      { messages: [] },
      { messages: [system] },
      { messages: [[{ role: 'user' }]] },
      { nested: { messages: [user('x')] } },
      '[{"role":"user"}]',
      '{"messages":[{"role":"user","content":"cut o',
      '{"messages"',
      '',
    ])
      for (const piece of [1, Infinity]) assert.equal(opening(body, piece), null, textOf(body));
  });

  test('compares only the beginning of a large message, at any position of its role', () => {
    const long = 'x'.repeat(2 * MAX_MESSAGE_BYTES);
    const start = JSON.stringify([system]).length;
    for (const message of [
      { role: 'user', content: long },
      { content: long, role: 'user' },
    ]) {
      const text = JSON.stringify([system, message]);
      const body = `{"messages":${text}}`;
      const compared = Buffer.from(text).subarray(
        0,
        Buffer.byteLength(text.slice(0, start)) + MAX_MESSAGE_BYTES,
      );
      for (const piece of [1_000, 65_536, Infinity]) assert.equal(opening(body, piece), hashOf(compared));
      assert.equal(opening(body.replace(/x"/, 'y"')), hashOf(compared));
    }
    const after = { messages: [{ content: long, role: 'system' }, user('Hello')] };
    assert.equal(opening(after, 10_000), hashOf(JSON.stringify(after.messages).slice(0, -1)));
  });

  test('finds in any JSON the messages up to the first of a user, however it is cut', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 4 }),
        fc.array(fc.oneof(fc.jsonValue(), fc.constant(user('q'))), { maxLength: 4 }),
        fc.constantFrom(undefined, 1),
        fc.integer({ min: 1, max: 40 }),
        (others, messages, indent, piece) => {
          for (const name of ['input', 'messages']) delete others[name];
          const text = JSON.stringify({ ...others, messages }, null, indent);
          const isUser = (value: unknown): boolean =>
            typeof value === 'object' && value !== null && (value as { role?: unknown }).role === 'user';
          const at = messages.findIndex(isUser);
          const found = opening(text, piece);
          assert.equal(found, opening(text));
          if (indent === undefined)
            assert.equal(
              found,
              at < 0 ? null : hashOf(JSON.stringify(messages.slice(0, at + 1)).slice(0, -1)),
            );
          else assert.equal(found === null, at < 0);
        },
      ),
      { numRuns: 500 },
    );
  });

  test('survives any bytes', () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => new OpeningScanner().push(Buffer.from(bytes))));
  });
});
