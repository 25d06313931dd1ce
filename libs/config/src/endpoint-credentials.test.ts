import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { credentialHeaders } from './endpoint-credentials.ts';
import type { EndpointSettings } from './schema.ts';

type Auth = NonNullable<EndpointSettings['auth']>;

function auth(part: Partial<Auth> & Pick<Auth, 'type'>): Auth {
  const unset = {
    token: null,
    token_file: null,
    key: null,
    key_file: null,
    username: null,
    username_file: null,
    password: null,
    password_file: null,
  };
  return { ...unset, header: 'X-Api-Key', ...part };
}

describe('credentialHeaders', () => {
  test('returns no header for an endpoint without credentials', () => {
    assert.deepEqual(credentialHeaders({ headers: {}, auth: null }), {});
  });

  test('makes the header of each type of auth', () => {
    assert.deepEqual(credentialHeaders({ headers: {}, auth: auth({ type: 'bearer', token: 't' }) }), {
      Authorization: 'Bearer t',
    });
    assert.deepEqual(credentialHeaders({ headers: {}, auth: auth({ type: 'api_key', key: 'k' }) }), {
      'X-Api-Key': 'k',
    });
    assert.deepEqual(
      credentialHeaders({ headers: {}, auth: auth({ type: 'api_key', key: 'k', header: 'X-K' }) }),
      { 'X-K': 'k' },
    );
    assert.deepEqual(
      credentialHeaders({ headers: {}, auth: auth({ type: 'basic', username: 'ü', password: 'p:q' }) }),
      {
        Authorization: `Basic ${Buffer.from('ü:p:q').toString('base64')}`,
      },
    );
  });

  test('replaces a configured header of the same name in any case and keeps the others', () => {
    const headers = { authorization: 'old', 'X-Team': 'a' };
    assert.deepEqual(credentialHeaders({ headers, auth: auth({ type: 'bearer', token: 't' }) }), {
      'X-Team': 'a',
      Authorization: 'Bearer t',
    });
    assert.deepEqual(headers, { authorization: 'old', 'X-Team': 'a' });
  });
});
