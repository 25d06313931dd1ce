import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startPinned } from '../host/children.ts';
import { findFreePort } from '../host/ports.ts';
import { renderNginxConfig } from './nginx-config.ts';
import { TargetFailed, type Target } from './target.ts';

const run = promisify(execFile);
const SYSTEM_FOLDERS = '/usr/sbin:/usr/local/sbin:/sbin';

/** Finds nginx. When it is missing and the user is root, installs Debian's package and reports that to `onProgress`. */
export async function findNginx(onProgress: (line: string) => void): Promise<string> {
  const found = await findOnPath('nginx');
  if (found !== undefined) return found;
  if (process.getuid?.() !== 0) {
    throw new TargetFailed('nginx', 'is not installed. Run: apt-get install -y nginx-light');
  }
  onProgress('nginx is not installed; running apt-get install -y nginx-light');
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  await run('apt-get', ['update', '-qq'], { env: environment });
  await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'nginx-light'], {
    env: environment,
  });
  const installed = await findOnPath('nginx');
  if (installed === undefined) throw new TargetFailed('nginx', 'was installed but is not on PATH');
  return installed;
}

/** nginx, the reference of all ratios. */
export async function createNginx(program: string): Promise<Target> {
  const { stderr } = await run(program, ['-v']);
  const version = /nginx\/\S+/.exec(stderr)?.[0] ?? 'nginx';
  return {
    name: 'nginx',
    description: `${version}, 1 worker, upstream keep-alive, buffering off, access log off`,
    hasProcess: true,
    canReject: true,
    async start(context) {
      const port = await findFreePort();
      const folder = await mkdtemp(join(context.folder, 'nginx-'));
      const config = join(folder, 'nginx.conf');
      await writeFile(config, renderNginxConfig({ ...context, port, folder }));
      const child = await startPinned({
        core: context.core,
        command: [program, '-c', config, '-p', folder, '-e', 'stderr'],
        outputFile: join(folder, 'output.log'),
      });
      return { port, path: '/v1/chat/completions', child };
    },
  };
}

async function findOnPath(name: string): Promise<string | undefined> {
  for (const folder of `${process.env['PATH'] ?? ''}:${SYSTEM_FOLDERS}`.split(':')) {
    const file = join(folder, name);
    const usable = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (folder !== '' && usable) return file;
  }
  return undefined;
}
