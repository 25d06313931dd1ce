import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isCredential } from './is-credential.ts';

describe('isCredential', () => {
  test('takes headers for credentials by their name, or by the scheme in their value', () => {
    for (const [name, value] of [
      ['Authorization', 'x'],
      ['X-Api-Key', 'x'],
      ['api-key', 'x'],
      ['CF-Access-Client-Secret', 'x'],
      ['Cookie', 'a=b'],
      ['X-Upstream', 'Bearer abc'],
    ] as const)
      assert.equal(isCredential(name, value), true, name);
  });

  test('takes no other header for one', () => {
    for (const [name, value] of [
      ['Host', 'llm.example'],
      ['X-Title', 'Olla'],
      ['HTTP-Referer', 'https://ui.example'],
      ['OpenAI-Organization', 'org'],
      ['X-Basic', 'basics'],
    ] as const)
      assert.equal(isCredential(name, value), false, name);
  });
});
