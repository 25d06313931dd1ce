import assert from 'node:assert/strict';
import { chmodSync, existsSync, realpathSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { before, describe, test } from 'node:test';
import { findProgram } from '@olla/testing/debian';
import { executableOf } from '@olla/testing/process-tree';
import { StartedProcess, type Ending } from '@olla/testing/started-process';
import { tempFolder } from '@olla/testing/temp-folder';

const bundle = join(import.meta.dirname, '../../dist/olla');
/** An installation fetches the runtime's 150 MB from the registry unless npm's cache has it. */
const INSTALL_MS = 150_000;

interface Ran extends Ending {
  readonly stdout: string;
  readonly stderr: string;
}

describe('the package that npm pack makes from the bundle', () => {
  let archive: string;
  before(async () => {
    const folder = tempFolder();
    const packed = await run('npm', ['pack', bundle, `--pack-destination=${folder}`, '--loglevel=error']);
    assert.equal(packed.code, 0, packed.stderr);
    archive = join(folder, packed.stdout.trim());
  });

  test('runs the pinned runtime after npm install --global, with any node on the PATH', async () => {
    const olla = await install([]);
    const decoy = tempFolder();
    writeFileSync(join(decoy, 'node'), '#!/bin/sh\necho the wrong node >&2\nexit 9\n');
    chmodSync(join(decoy, 'node'), 0o755);
    const env = { PATH: `${decoy}${delimiter}/usr/bin${delimiter}/bin` };

    const version = await run(olla, ['--version'], env);
    assert.deepEqual([version.code, version.stdout.trim()], [0, '0.1.0'], version.stderr);

    const gateway = await StartedProcess.start(olla, ['serve', '--demo', '--port=0', '--workers=1'], {
      cwd: tempFolder(),
      env: { ...withoutNpm(), ...env, HOME: tempFolder() },
    });
    const url = await gateway.until(
      'the gateway listens',
      () => /"url":"(http[^"]+)"/.exec(gateway.stdout)?.[1],
    );
    const pinned = join(realpathSync(olla), '../node_modules/node/bin/node');
    assert.equal(executableOf(gateway.pid), pinned);
    const response = await fetch(`${url}/version`);
    const { build } = (await response.json()) as { build: { commit: string; date: string } };
    assert.match(build.commit, /^[0-9a-f]{40}(-dirty)?$/);
    assert.ok(Date.parse(build.date) <= Date.now(), build.date);
    gateway.child.kill('SIGTERM');
    assert.equal((await gateway.waitForEnd()).code, 0, gateway.output);
  });

  test('explains how to fetch the runtime when npm ran no install scripts, and that works', async () => {
    const olla = await install(['--ignore-scripts']);
    const { code, stderr } = await run(olla, ['--version']);
    assert.equal(code, 1);
    const command = /npm did not run the install script .* Run: (.+)\n$/.exec(stderr)?.[1];
    assert.ok(command, stderr);
    const repaired = await run('sh', ['-c', command]);
    assert.equal(repaired.code, 0, repaired.stderr);
    assert.equal((await run(olla, ['--version'])).stdout.trim(), '0.1.0');
  });

  /** Installs the archive under a separate prefix, and returns the path of its command. */
  async function install(flags: readonly string[]): Promise<string> {
    const prefix = tempFolder();
    const args = ['install', '--global', `--prefix=${prefix}`, '--loglevel=error', ...flags, archive];
    const { code, stderr } = await run('npm', args);
    assert.equal(code, 0, stderr);
    const olla = join(prefix, 'bin/olla');
    assert.ok(existsSync(olla), 'the package has the command olla');
    return olla;
  }
});

/** The environment without the variables that a surrounding `npm test` adds: paths of the repository. */
function withoutNpm(): Record<string, string | undefined> {
  const added = /^(npm_(package|lifecycle|node|execpath|command)|npm_config_.*prefix|NODE_TEST_CONTEXT$|NX_)/;
  return Object.fromEntries(
    Object.keys(process.env)
      .filter((key) => added.test(key))
      .map((key) => [key, undefined]),
  );
}

async function run(command: string, args: readonly string[], env: Record<string, string> = {}): Promise<Ran> {
  const program = command.includes('/') ? command : findProgram(command);
  assert.ok(program, `${command} is on the PATH`);
  const started = await StartedProcess.start(program, args, {
    cwd: tempFolder(),
    env: { ...withoutNpm(), npm_config_prefer_offline: 'true', ...env },
  });
  const ending = await started.waitForEnd(INSTALL_MS);
  return { ...ending, stdout: started.stdout, stderr: started.stderr };
}
