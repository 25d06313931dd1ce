import assert from 'node:assert/strict';
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { describe, test } from 'node:test';
import { AdminToken } from './admin-token.ts';

const TOKEN = 'the-admin-token';

/** What a server would get of these headers. */
function relayed(...rawHeaders: string[]): string[] {
  const request = new IncomingMessage(new Socket());
  request.rawHeaders = rawHeaders;
  request.headers = { authorization: rawHeaders[1] };
  new AdminToken(TOKEN).takeOut(request);
  return request.rawHeaders;
}

describe('a relayed request', () => {
  for (const value of [`Bearer ${TOKEN}`, `bearer   ${TOKEN} `, `Bearer\t${TOKEN}`, TOKEN, `Token ${TOKEN}`])
    test(`loses the admin token in Authorization: ${JSON.stringify(value)}`, () => {
      assert.deepEqual(relayed('AUTHORIZATION', value, 'X-A', '1'), ['X-A', '1']);
    });

  test('loses it in a second Authorization too, and keeps the first', () => {
    const kept = ['Authorization', 'Bearer other', 'X-A', '1'];
    assert.deepEqual(relayed(...kept, 'authorization', `Bearer ${TOKEN}`), kept);
  });

  test('keeps tokens that are not the admin token', () => {
    const kept = ['Authorization', `Bearer ${TOKEN}x`, 'X-A', TOKEN];
    assert.deepEqual(relayed(...kept), kept);
  });
});
