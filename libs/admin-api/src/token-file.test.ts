import assert from 'node:assert/strict';
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { adminTokenPath, createAdminToken, readTokenFile, removeAdminToken } from './token-file.ts';

function home(t: TestContext): { XDG_RUNTIME_DIR: string } {
  const folder = mkdtempSync(join(tmpdir(), 'olla-token-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return { XDG_RUNTIME_DIR: folder };
}

describe('the token file', () => {
  test('derives the path from the port and the user', () => {
    assert.equal(
      adminTokenPath(40114, { XDG_RUNTIME_DIR: '/run/user/7' }),
      '/run/user/7/olla/admin-40114.token',
    );
    assert.equal(adminTokenPath(1, { HOME: '/home/ann' }), '/home/ann/.olla/admin-1.token');
    assert.equal(
      adminTokenPath(1, { XDG_RUNTIME_DIR: 'relative', HOME: '/home/ann' }),
      '/home/ann/.olla/admin-1.token',
    );
  });

  test('writes a file that only its owner can read, at the path where olla ctl looks for it', (t) => {
    const env = home(t);
    const { token, path } = createAdminToken(40114, env);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.equal(statSync(dirname(path)).mode & 0o777, 0o700);
    assert.equal(readTokenFile(adminTokenPath(40114, env)), token);
    assert.ok(token.length >= 40);
    assert.deepEqual(readdirSync(dirname(path)), ['admin-40114.token']);
  });

  test('replaces the token of an earlier gateway, which keeps the new one when it stops', (t) => {
    const env = home(t);
    const old = createAdminToken(1, env);
    const fresh = createAdminToken(1, env);
    assert.notEqual(old.token, fresh.token);
    removeAdminToken(old);
    assert.equal(readTokenFile(fresh.path), fresh.token);
    removeAdminToken(fresh);
    removeAdminToken(fresh);
    assert.equal(readTokenFile(fresh.path), null);
  });

  test('replaces a link in the place of the file and does not follow it', (t) => {
    const env = home(t);
    const { path } = createAdminToken(1, env);
    const elsewhere = join(env.XDG_RUNTIME_DIR, 'elsewhere');
    writeFileSync(elsewhere, 'untouched');
    rmSync(path);
    symlinkSync(elsewhere, path);
    createAdminToken(1, env);
    assert.equal(readFileSync(elsewhere, 'utf8'), 'untouched');
  });

  test('refuses a file that other users may read, and one without a token', (t) => {
    const { path } = createAdminToken(1, home(t));
    chmodSync(path, 0o644);
    assert.throws(() => readTokenFile(path), /chmod 600/);
    chmodSync(path, 0o600);
    writeFileSync(path, 'two words\n');
    assert.throws(() => readTokenFile(path), /contains no token/);
  });
});
