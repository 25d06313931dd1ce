import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createCors } from './cors.ts';

type CorsSettings = Parameters<typeof createCors>[0];
const DEFAULTS: CorsSettings = {
  enabled: true,
  allowed_origins: ['*'],
  allowed_methods: ['GET', 'POST', 'OPTIONS'],
  allowed_headers: ['*'],
  exposed_headers: [],
  allow_credentials: false,
  max_age: 300,
};
const OURS = 'https://ours.test';

function ask(
  kind: 'headers' | 'preflight',
  settings: Partial<CorsSettings>,
  headers: Record<string, string> = {},
  more: readonly string[] = [],
): Record<string, string> {
  const cors = createCors({ ...DEFAULTS, ...settings });
  assert.ok(cors !== null);
  const flat = kind === 'headers' ? cors.headers({ headers }) : cors.preflight({ headers }, more);
  const entries: [string, string][] = [];
  for (let i = 0; i < flat.length; i += 2) entries.push([flat[i] as string, flat[i + 1] as string]);
  const found: Record<string, string> = {};
  for (const [name, value] of entries) found[name] = name in found ? `${found[name]}, ${value}` : value;
  return found;
}

describe('CORS', () => {
  test('there are no headers while CORS is switched off', () => {
    assert.equal(createCors({ ...DEFAULTS, enabled: false }), null);
  });

  test("by default any page may send requests, and read the gateway's headers", () => {
    const found = ask('headers', {}, { origin: OURS });
    assert.equal(found['Access-Control-Allow-Origin'], '*');
    assert.equal(found['Access-Control-Allow-Methods'], 'GET, POST, OPTIONS');
    assert.equal(found['Access-Control-Allow-Headers'], 'Content-Type, Authorization');
    for (const name of ['X-Olla-Request-ID', 'X-Olla-Model', 'X-Olla-Response-Time', 'Retry-After'])
      assert.ok(found['Access-Control-Expose-Headers']?.includes(name), name);
    assert.equal(found['Access-Control-Allow-Credentials'], undefined);
  });

  test('a named origin gets its own name, and other origins and caches the difference', () => {
    const settings = { allowed_origins: [OURS, 'https://second.test'] };
    const found = ask('headers', settings, { origin: OURS });
    assert.deepEqual([found['Access-Control-Allow-Origin'], found['Vary']], [OURS, 'Origin']);
    for (const headers of [{ origin: 'https://theirs.test' }, {}]) {
      const other = ask('headers', settings, headers as Record<string, string>);
      assert.deepEqual(other, { Vary: 'Origin' });
    }
  });

  test('credentials are allowed only to named origins', () => {
    const settings = { allowed_origins: [OURS], allow_credentials: true };
    for (const kind of ['headers', 'preflight'] as const) {
      const allowed = ask(kind, settings, { origin: OURS });
      assert.equal(allowed['Access-Control-Allow-Credentials'], 'true', kind);
      assert.equal(allowed['Access-Control-Allow-Origin'], OURS);
      const refused = ask(kind, settings, { origin: 'https://theirs.test' });
      assert.equal(refused['Access-Control-Allow-Credentials'], undefined, kind);
      assert.equal(refused['Access-Control-Allow-Origin'], undefined);
    }
  });

  test('a preflight gets the headers that it requests, each once, with their lifetime', () => {
    const found = ask(
      'preflight',
      { max_age: 60 },
      {
        origin: OURS,
        'access-control-request-headers': 'authorization, X-One, x-one, bad name, x-two',
      },
    );
    assert.equal(found['Access-Control-Allow-Headers'], 'Content-Type, Authorization, X-One, x-two');
    assert.equal(found['Access-Control-Max-Age'], '60');
    assert.match(found['Vary'] ?? '', /Access-Control-Request-Method, Access-Control-Request-Headers/);
  });

  test('only named headers are allowed, and only named headers are exposed', () => {
    const settings = { allowed_headers: ['X-Only'], exposed_headers: ['X-Shown'] };
    const asked = { origin: OURS, 'access-control-request-headers': 'x-other' };
    assert.equal(ask('preflight', settings, asked)['Access-Control-Allow-Headers'], 'X-Only');
    assert.equal(ask('headers', settings, { origin: OURS })['Access-Control-Expose-Headers'], 'X-Shown');
  });

  test('a preflight names GET, POST and OPTIONS under any configuration, and the other methods of the path', () => {
    const settings = { allowed_methods: ['GET', 'PUT'] };
    const found = ask('preflight', settings, { origin: OURS }, ['PUT', 'DELETE']);
    assert.equal(found['Access-Control-Allow-Methods'], 'GET, POST, OPTIONS, PUT, DELETE');
  });

  test('a preflight allows no headers that only proxies write', () => {
    const asked = 'x-forwarded-host, X-Forwarded-For, Forwarded, X-Real-IP, x-mine';
    const found = ask('preflight', {}, { origin: OURS, 'access-control-request-headers': asked });
    assert.equal(found['Access-Control-Allow-Headers'], 'Content-Type, Authorization, x-mine');
  });

  test('a preflight that requests access to a private network gets it if its origin is allowed', () => {
    const name = 'Access-Control-Allow-Private-Network';
    const asking = { 'access-control-request-private-network': 'true' };
    const settings = { allowed_origins: [OURS] };
    assert.equal(ask('preflight', settings, { origin: OURS, ...asking })[name], 'true');
    assert.equal(ask('preflight', settings, { origin: 'https://theirs.test', ...asking })[name], undefined);
    assert.equal(ask('preflight', settings, { origin: OURS })[name], undefined);
    assert.equal(ask('preflight', {}, { origin: OURS, ...asking })[name], 'true');
  });
});
