import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { decodeLeniently, normalizePath, pathFault } from './normalize-path.ts';

describe('normalizePath', () => {
  for (const [path, normal] of [
    ['//olla/openai/v1//chat', '/olla/openai/v1/chat'],
    ['/a/./b/././/c', '/a/b/c'],
    ['/a/%2e/b%2Ec', '/a/b.c'],
    ['/a//', '/a/'],
    ['/a/.', '/a/'],
    ['/.', '/'],
    ['/.well-known/a', '/.well-known/a'],
    ['/a/...', '/a/...'],
    ['/a%2Fb%20c;v=1/%C3%A9', '/a%2Fb%20c;v=1/%C3%A9'],
  ] as const)
    test(`writes ${path} as ${normal}`, () => {
      assert.equal(normalizePath(path), normal);
      assert.equal(normalizePath(normal), normal);
    });
});

describe('decodeLeniently', () => {
  for (const [path, read] of [
    ['/api/%64elete', '/api/delete'],
    ['/api%2f%2Fdelete', '/api/delete'],
    ['/api\\delete', '/api/delete'],
    ['/api%5Cdelete', '/api/delete'],
    ['/api/delete;v=1', '/api/delete'],
    ['/api/.;x/delete%3bv', '/api/delete'],
    ['/api/%62lobs/%ff%zz', '/api/blobs/\u00ff%zz'],
    ['/api/%2564elete', '/api/%64elete'],
  ] as const)
    test(`reads ${path} as ${read}`, () => assert.equal(decodeLeniently(path), read));
});

describe('pathFault', () => {
  for (const path of [
    '/a/../b',
    '/a/..',
    '/a/%2e%2E/b',
    '/a/.%2e/b',
    '/a/..%2fb',
    '/a%2F..%2Fb',
    '/a/..%5cb',
    '/a/..\\b',
    '/a\\..\\b',
    '/a/%252e%252e/b',
    '/a/..%252fb',
    '/a/..;/b',
    '/a/..%3bx/b',
    '/a/%2e%2e/%ff%zz',
    '/a/%25%32%65%25%32%65/b',
    '/a/%25252e%25252e/b',
    '/a/%2%65./b',
  ])
    test(`finds a .. segment in ${path}`, () => assert.equal(pathFault(path), 'a .. segment'));
  for (const path of ['/a%00b', '/a/%2500'])
    test(`finds a NUL in ${path}`, () => assert.equal(pathFault(path), 'a NUL'));
  test('finds a fragment', () => assert.equal(pathFault('/api/delete#x'), 'a fragment (#)'));
  for (const path of [
    '/',
    '/a..b/...',
    '/a/..b',
    '/a/b..',
    '/100%',
    '/a%252Fb',
    '/%C3%A9%23',
    '/a;b=..',
    '/a/%2525252e%2525252e/b',
  ])
    test(`finds nothing in ${path}`, () => assert.equal(pathFault(path), null));
});

/** Decodes as RFC 3986 §2.1 describes it, escape by escape. */
const plainly = (path: string): string =>
  path.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));

const paths = fc
  .array(fc.constantFrom('%', '%25', '%2', '2', '5', '2e', '.', '/', '%2f', '\\', ';', '0', '\u00e9', 'a'), {
    maxLength: 24,
  })
  .map((parts) => `/${parts.join('')}`);

describe('any path', () => {
  test('is decoded as escape by escape', () => {
    fc.assert(
      fc.property(paths, (path) => {
        const read = normalizePath(
          plainly(path)
            .replaceAll('\\', '/')
            .replace(/;[^/]*/g, ''),
        );
        assert.equal(decodeLeniently(path), /[%\\;]/.test(path) ? read : path);
      }),
    );
  });

  test('has a fault if it has one after none to three decodings', () => {
    fc.assert(
      fc.property(paths, (path) => {
        const once = plainly(path);
        const twice = plainly(once);
        const all = [path, once, twice, plainly(twice)].join('\n');
        const hasFault = /\0|(?:^|[/\\])\.\.(?:[/\\;]|$)/m.test(all);
        assert.equal(pathFault(path) !== null, hasFault);
      }),
    );
  });
});
