/**
 * `npm run release`: makes all release artefacts from one commit:
 *
 *   dist/olla/              the bundle, `node dist/olla/olla.js`
 *   dist/olla-VERSION.tgz   the package, `npm install --global`
 *   olla:VERSION            the image, `docker run` (left out with --no-image)
 *
 * It publishes nothing. The image is built by the engine that the docker command reaches.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { readBuildInfo } from '@olla/admin-api/build-info';

const root = join(import.meta.dirname, '..');
const { values } = parseArgs({ options: { 'no-image': { type: 'boolean', default: false } } });

/** Runs a command that shows its own output; a failure ends the release. */
function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): void {
  process.stdout.write(`── ${command} ${args.join(' ')}\n`);
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...env },
  });
  if (error === undefined && status === 0) return;
  const reason = error?.message ?? `exit code ${status}`;
  process.stderr.write(`release: ${command} failed (${reason})\n`);
  process.exit(1);
}

const { version, commit } = await readBuildInfo();
const build = { OLLA_COMMIT: commit ?? '', OLLA_BUILT_AT: new Date().toISOString() };

run(process.execPath, ['tools/build.ts'], build);
run('npm', ['pack', './dist/olla', '--pack-destination=dist', '--loglevel=error']);
if (!values['no-image']) {
  const buildArgs = Object.entries(build).map(([name, value]) => `--build-arg=${name}=${value}`);
  run('docker', ['build', '--file=deploy/docker/Dockerfile', `--tag=olla:${version}`, ...buildArgs, '.']);
}

process.stdout.write(`\n${version} of commit ${commit ?? 'unknown'}:\n`);
process.stdout.write(`bundle   dist/olla\npackage  dist/olla-${version}.tgz\n`);
if (!values['no-image']) process.stdout.write(`image    olla:${version}\n`);
