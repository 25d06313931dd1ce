import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { ollaVersion, readBuildInfo, readCommit } from './build-info.ts';

describe('the build of a process that runs from source', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'olla-build-info-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  function git(...args: string[]): string {
    const identity = ['-c', 'user.name=test', '-c', 'user.email=test@example.com'];
    return execFileSync('git', ['-C', folder, ...identity, ...args], { encoding: 'utf8' }).trim();
  }
  function commitOneFile(): string {
    git('init', '--quiet');
    writeFileSync(join(folder, 'file'), 'one');
    git('add', 'file');
    git('commit', '--quiet', '--message=one');
    return git('rev-parse', 'HEAD');
  }

  test('has the version of package.json and no build date', async () => {
    const manifest = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
    const { version } = JSON.parse(manifest) as { version: string };
    assert.equal(ollaVersion(), version);
    const build = await readBuildInfo();
    assert.equal(build.version, version);
    assert.equal(build.builtAt, null);
  });

  test('has the commit that is checked out', async () => {
    const commit = commitOneFile();
    assert.equal(await readCommit(folder), commit);
  });

  test('marks the commit when a file differs from it', async () => {
    const commit = commitOneFile();
    writeFileSync(join(folder, 'file'), 'two');
    assert.equal(await readCommit(folder), `${commit}-dirty`);
  });

  test('has no commit in a folder that no repository holds', async () => {
    assert.equal(await readCommit(folder), null);
  });

  test('has no commit in a folder of another repository', async () => {
    commitOneFile();
    const inside = join(folder, 'inside');
    mkdirSync(inside);
    assert.equal(await readCommit(inside), null);
  });
});
