import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { backendHeaders, clientHeaders, type BackendHeaderFacts } from './headers.ts';

const FACTS: BackendHeaderFacts = {
  host: 'backend:8000',
  clientAddress: '203.0.113.9',
  peerAddress: '203.0.113.9',
  peerTrusted: false,
  forwardedHost: 'gateway.test',
  requestId: 'id-1',
  credentials: null,
  withheld: new Set(),
  isDecoded: false,
  contentLength: null,
};

function values(flat: readonly string[], name: string): string[] {
  return flat.filter((_, i) => i % 2 === 1 && flat[i - 1]?.toLowerCase() === name.toLowerCase());
}

function toBackend(raw: readonly string[], facts: Partial<BackendHeaderFacts> = {}): string[] {
  return backendHeaders(raw, { ...FACTS, ...facts });
}

describe('the headers of requests and responses', () => {
  test('sends the backend its own Host, and names the client in the forwarding headers', () => {
    const headers = toBackend([
      'Host',
      'gateway.test',
      'User-Agent',
      'sdk/1',
      'X-Custom',
      'v',
      'X-Request-ID',
      'mine',
    ]);
    assert.deepEqual(headers.slice(0, 6), ['Host', 'backend:8000', 'User-Agent', 'sdk/1', 'X-Custom', 'v']);
    for (const [name, value] of [
      ['X-Forwarded-Host', 'gateway.test'],
      ['X-Forwarded-Proto', 'http'],
      ['X-Forwarded-For', '203.0.113.9'],
      ['X-Real-IP', '203.0.113.9'],
      ['X-Request-ID', 'id-1'],
      ['Via', '1.1 olla'],
    ] as const) {
      assert.deepEqual(values(headers, name), [value], name);
    }
  });

  test('does not send the backend headers of the connection or of the gateway', () => {
    const raw = [
      'Connection',
      'keep-alive, X-Secret-Hop',
      'x-secret-hop',
      '1',
      'Connection',
      'close, Foo',
      'FOO',
      '2',
    ];
    const ends = [
      'Keep-Alive',
      'Proxy-Connection',
      'Proxy-Authorization',
      'TE',
      'Trailer',
      'Upgrade',
      'Transfer-Encoding',
      'Expect',
      'Cookie',
      'Origin',
      'Access-Control-Request-Method',
      'Access-Control-Request-Headers',
      'X-Olla-Target',
    ];
    for (const name of ends) raw.push(name, 'x');
    const headers = toBackend(raw);
    for (const name of [...ends, 'Connection', 'X-Secret-Hop', 'Foo'])
      assert.deepEqual(values(headers, name), [], name);
  });

  test('keeps Content-Length and Content-Type although Connection lists them', () => {
    const raw = ['Connection', 'Content-Length, Content-Type', 'Content-Length', '5', 'Content-Type', 'a/b'];
    const headers = toBackend(raw, { contentLength: 5 });
    assert.deepEqual([values(headers, 'content-length'), values(headers, 'content-type')], [['5'], ['a/b']]);
  });

  test('sends the backend the length of the body that is sent', () => {
    assert.deepEqual(values(toBackend(['content-length', '10'], { contentLength: 12 }), 'Content-Length'), [
      '12',
    ]);
    assert.deepEqual(values(toBackend(['content-length', '10']), 'Content-Length'), []);
    assert.deepEqual(
      values(toBackend(['Transfer-Encoding', 'chunked'], { contentLength: 7 }), 'Content-Length'),
      ['7'],
    );
    assert.deepEqual(values(toBackend([], { contentLength: 0 }), 'Content-Length'), []);
    assert.deepEqual(values(toBackend(['Content-Length', '0'], { contentLength: 0 }), 'Content-Length'), [
      '0',
    ]);
  });

  test('replaces the forwarding headers of an untrusted peer, and adds to those of a trusted proxy', () => {
    const raw = [
      ...['X-Forwarded-For', '198.51.100.1', 'X-Real-IP', '198.51.100.1', 'X-Forwarded-Proto', 'https'],
      ...[
        'X-Forwarded-Host',
        'public.test',
        'X-Forwarded-Port',
        '443',
        'Forwarded',
        'for=198.51.100.1',
        'Via',
        '1.1 lb',
      ],
    ];
    const stranger = toBackend(raw);
    assert.deepEqual(values(stranger, 'X-Forwarded-For'), ['203.0.113.9']);
    assert.deepEqual(values(stranger, 'X-Forwarded-Host'), ['gateway.test']);
    assert.deepEqual(values(stranger, 'X-Forwarded-Port'), []);
    assert.deepEqual(values(stranger, 'Forwarded'), []);
    assert.equal(stranger.includes('198.51.100.1'), false);
    const proxy = toBackend(raw, {
      peerTrusted: true,
      clientAddress: '198.51.100.1',
      peerAddress: '::ffff:10.0.0.2',
    });
    assert.deepEqual(values(proxy, 'X-Forwarded-For'), ['198.51.100.1, 10.0.0.2']);
    assert.deepEqual(values(proxy, 'X-Real-IP'), ['198.51.100.1']);
    assert.deepEqual(values(proxy, 'X-Forwarded-Proto'), ['https']);
    assert.deepEqual(values(proxy, 'X-Forwarded-Host'), ['public.test']);
    assert.deepEqual(values(proxy, 'X-Forwarded-Port'), ['443']);
    assert.deepEqual(values(proxy, 'Via'), ['1.1 lb, 1.1 olla']);
  });

  test('sends the client’s credentials, unless the endpoint has its own', () => {
    const raw = ['Authorization', 'Bearer client', 'X-Api-Key', 'client', 'x-tenant', 'client'];
    assert.deepEqual(values(toBackend(raw), 'authorization'), ['Bearer client']);
    assert.deepEqual(values(toBackend(raw, { credentials: ['X-Tenant', 'own'] }), 'x-api-key'), ['client']);
    const own = toBackend(raw, { credentials: ['Authorization', 'Bearer own-token', 'X-Tenant', 'own'] });
    assert.deepEqual(values(own, 'authorization'), ['Bearer own-token']);
    assert.deepEqual(values(own, 'x-api-key'), []);
    assert.deepEqual(values(own, 'x-tenant'), ['own']);
  });

  test('withholds the headers that the backend type must not get, in any letter case', () => {
    const raw = ['X-Conversation-Id', 'c1', 'X-Other', 'v'];
    const headers = toBackend(raw, { withheld: new Set(['x-conversation-id']) });
    assert.deepEqual([values(headers, 'x-conversation-id'), values(headers, 'x-other')], [[], ['v']]);
    assert.deepEqual(values(toBackend(raw), 'x-conversation-id'), ['c1']);
  });

  test('sends the client no cookies, no headers of the gateway or the connection, and no repeated credentials', () => {
    const raw = [
      ...['Content-Type', 'application/json', 'Content-Length', '5', 'Vary', 'Accept', 'ETag', '"x"'],
      ...[
        'Set-Cookie',
        'a=b',
        'X-Olla-Endpoint',
        'forged',
        'Access-Control-Allow-Origin',
        'http://evil.test',
      ],
      ...[
        'Connection',
        'close, X-Hop',
        'X-Hop',
        '1',
        'Keep-Alive',
        'timeout=5',
        'Transfer-Encoding',
        'chunked',
      ],
      ...[
        'Strict-Transport-Security',
        'max-age=1',
        'Via',
        '1.1 backend',
        'X-Echo',
        'got Bearer own-token-123',
      ],
    ];
    assert.deepEqual(clientHeaders(raw, ['Authorization', 'Bearer own-token-123']), [
      ...['Content-Type', 'application/json', 'Content-Length', '5', 'Vary', 'Accept', 'ETag', '"x"'],
      ...['Via', '1.1 backend, 1.1 olla'],
    ]);
  });

  test('passes all other headers byte for byte and in their order, both ways', () => {
    const name = fc.stringMatching(/^[Zz][A-Za-z0-9-]{0,70}$/);
    const pair = fc.tuple(name, fc.string({ maxLength: 20 }));
    fc.assert(
      fc.property(fc.array(pair, { maxLength: 20 }), (pairs) => {
        const raw = pairs.flat();
        assert.deepEqual(toBackend(raw).slice(2, 2 + raw.length), raw);
        assert.deepEqual(clientHeaders(raw).slice(0, -2), raw);
      }),
      { numRuns: 300 },
    );
  });

  test('leaves out headers that describe the coded form of a body that was decoded', () => {
    const raw = ['Content-Encoding', 'gzip', 'Content-Digest', 'x', 'content-md5', 'y', 'Content-Type', 'z'];
    const names = (isDecoded: boolean): string[] =>
      toBackend(raw, { isDecoded }).filter((text) => /^content-/i.test(text));
    assert.deepEqual(names(true), ['Content-Type']);
    assert.equal(names(false).length, 4);
  });
});
