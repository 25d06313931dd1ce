import assert from 'node:assert/strict';
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { describe, test } from 'node:test';
import { createTrailerRule } from './trailer-rule.ts';

function request(headers: Readonly<Record<string, string>>, minor = 1): IncomingMessage {
  const message = new IncomingMessage(new Socket());
  message.httpVersionMinor = minor;
  Object.assign(message.headers, headers);
  return message;
}

const DART = { 'user-agent': 'Dart/3.9 (dart:io)' };
const CURL = { 'user-agent': 'curl/8.5.0' };
const TE = { te: 'deflate;q=0.5, TRAILERS' };

describe('the trailer rule', () => {
  for (const [setting, expected] of [
    ['auto', { curl: true, none: true, dart: false, dartWithTe: true }],
    ['always', { curl: true, none: true, dart: true, dartWithTe: true }],
    ['te', { curl: false, none: false, dart: false, dartWithTe: true }],
    ['off', { curl: false, none: false, dart: false, dartWithTe: false }],
  ] as const)
    test(`${setting} sends a trailer to the intended clients, and to none of HTTP/1.0`, () => {
      const sends = createTrailerRule(setting);
      const found = {
        curl: sends(request(CURL)),
        none: sends(request({})),
        dart: sends(request(DART)),
        dartWithTe: sends(request({ ...DART, ...TE })),
      };
      assert.deepEqual(found, expected);
      assert.equal(sends(request({ ...CURL, ...TE }, 0)), false);
    });

  test('auto recognises clients that fail on trailers by the beginning of a word of their user agent', () => {
    const sends = createTrailerRule('auto');
    for (const agent of [
      'Dart/3.9 (dart:io)',
      'MyApp/1.0 Dart/3.2 (dart:io)',
      'fasthttp',
      'cpp-httplib/0.11.0',
      'http-kit/2.0',
    ])
      assert.equal(sends(request({ 'user-agent': agent })), false, agent);
    for (const agent of ['Dartmouth/1.0', 'my-fasthttpd/2', 'Go-http-client/1.1', 'python-httpx/0.27'])
      assert.equal(sends(request({ 'user-agent': agent })), true, agent);
  });
});
