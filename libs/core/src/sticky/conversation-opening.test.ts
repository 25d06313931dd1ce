import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { conversationOpening, MAX_MESSAGE_BYTES } from './conversation-opening.ts';

const system = { role: 'system', content: 'You are "helpful" \\ {[,]} é'.repeat(40) };
const user = (content: unknown): object => ({ role: 'user', content });
const opening = (body: unknown): string | null =>
  conversationOpening(Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)))?.toString() ??
  null;

test('finds the same opening in all turns of a conversation, and another in other conversations', () => {
  const turns = [system, user('Hello'), { role: 'assistant', content: 'Hi' }, user('And now?')];
  const first = opening({ model: 'm', stream: true, messages: turns.slice(0, 2) });
  assert.ok(first?.includes('Hello'));
  for (let count = 3; count <= turns.length; count += 1)
    assert.equal(opening({ temperature: 1, messages: turns.slice(0, count), model: 'm' }), first);
  assert.notEqual(opening({ messages: [system, user('Hallo')] }), first);
  assert.notEqual(opening({ messages: [{ role: 'system', content: 'other' }, user('Hello')] }), first);
});

test('finds the role anywhere in its message, and content that is a list', () => {
  assert.equal(
    opening('{"messages": [ {"content":[{"type":"text","text":"}]"}], "role":"user"} , 1]}'),
    '[ {"content":[{"type":"text","text":"}]"}], "role":"user"}',
  );
  assert.equal(opening({ input: [{ role: 'user', content: 'x' }] }), '[{"role":"user","content":"x"}');
});

test('finds no opening in what is no conversation', () => {
  for (const body of [
    { model: 'm', input: ['a', 'b'] },
    { model: 'm', input: 'text' },
    { model: 'm', prompt: 'text' },
    { messages: [] },
    { messages: [system] },
    { nested: { messages: [user('x')] } },
    '[{"role":"user"}]',
    '{"messages":[{"role":"user","content":"cut o',
    '{"messages"',
    '',
  ])
    assert.equal(opening(body), null, JSON.stringify(body));
});

test('compares only the beginning of a large message, whether all of it is there or not', () => {
  const body = JSON.stringify({
    messages: [system, { role: 'user', content: 'x'.repeat(3 * MAX_MESSAGE_BYTES) }],
  });
  const whole = opening(body);
  assert.ok(whole !== null && whole.length < 2 * MAX_MESSAGE_BYTES);
  assert.equal(opening(body.slice(0, 2 * MAX_MESSAGE_BYTES + system.content.length)), whole);
});

test('finds an opening in any JSON exactly if `messages` has one of a user', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 4 }),
      fc.array(fc.oneof(fc.jsonValue(), fc.constant(user('q'))), { maxLength: 4 }),
      fc.constantFrom(undefined, 1),
      (others, messages, indent) => {
        delete others['input'];
        const text = JSON.stringify({ ...others, messages }, null, indent);
        const isUser = (value: unknown): boolean =>
          typeof value === 'object' && value !== null && (value as { role?: unknown }).role === 'user';
        const at = messages.findIndex(isUser);
        const found = opening(text);
        if (at < 0) assert.equal(found, null);
        else assert.deepEqual(JSON.parse(`${found}]`), JSON.parse(JSON.stringify(messages.slice(0, at + 1))));
      },
    ),
    { numRuns: 300 },
  );
});
