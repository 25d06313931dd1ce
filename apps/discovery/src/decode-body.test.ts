import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { decodeBody, UndecodableError } from './decode-body.ts';

const TEXT = Buffer.from('{"data":[{"id":"m"}]}');
const MAX = 1_000;

describe('a compressed body', () => {
  for (const [encoding, body] of [
    ['gzip', gzipSync(TEXT)],
    ['X-GZIP', gzipSync(TEXT)],
    ['deflate', deflateSync(TEXT)],
    ['deflate', deflateRawSync(TEXT)],
    ['br', brotliCompressSync(TEXT)],
    ['zstd', zstdCompressSync(TEXT)],
    ['identity', TEXT],
    ['', TEXT],
    ['gzip, br', brotliCompressSync(gzipSync(TEXT))],
    ['identity, gzip', gzipSync(TEXT)],
  ] as const)
    test(`is decoded from ${encoding || 'no coding'}`, async () =>
      assert.deepEqual(await decodeBody(body, encoding, MAX), TEXT));

  for (const [why, encoding, body, message] of [
    ['that is not in its coding', 'gzip', TEXT, 'a body that is not in its Content-Encoding, gzip'],
    [
      'that is cut',
      'br',
      brotliCompressSync(TEXT).subarray(0, 9),
      'a body that is not in its Content-Encoding, br',
    ],
    ['in another coding', 'compress', TEXT, 'a content coding that is not gzip, deflate, br or zstd'],
    ['in many layers', 'gzip,gzip,gzip', TEXT, 'too many content codings'],
    ['that is too long', 'gzip', gzipSync(Buffer.alloc(MAX + 1)), 'more than 1000 bytes'],
    ['that is far too long', 'zstd', zstdCompressSync(Buffer.alloc(10_000_000)), 'more than 1000 bytes'],
  ] as const)
    test(`is refused ${why}`, async () => {
      await assert.rejects(decodeBody(body, encoding, MAX), (error) => {
        assert.ok(error instanceof UndecodableError);
        assert.equal(error.message, message);
        return true;
      });
    });
});
