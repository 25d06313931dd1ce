import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { needProgram } from '@olla/testing/debian';
import { StartedProcess } from '@olla/testing/started-process';
import { tempFolder } from '@olla/testing/temp-folder';
import { isEngine } from './engine-api.ts';

export interface Engine {
  readonly socketPath: string;
  /** Whether it was started here, so that it has only the images of the tests. */
  readonly own: boolean;
  /** Stops an engine that was started here; an engine that ran before keeps running. */
  stop(): Promise<void>;
}

/**
 * A Docker engine: the one that runs (DOCKER_HOST, or Docker's usual socket), else one started from Debian's package
 * docker.io, which needs root. The engine chooses its storage driver: vfs if no union file system works.
 *
 * @throws Error with the reason if there is none
 */
export async function needEngine(): Promise<Engine> {
  const named = process.env['DOCKER_HOST'];
  const running = named === undefined ? '/var/run/docker.sock' : named.replace(/^unix:\/\//, '');
  if (running.startsWith('/') && (await isEngine(running)))
    return { socketPath: running, own: false, stop: () => Promise.resolve() };
  if (named !== undefined) throw new Error(`no Docker engine answers at DOCKER_HOST (${named})`);
  if (process.getuid?.() !== 0)
    throw new Error('no Docker engine runs here, and one can only be started by root');
  return startEngine();
}

async function startEngine(): Promise<Engine> {
  const dockerd = needProgram('dockerd', 'docker.io');
  const folder = tempFolder();
  const socketPath = join(folder, 'docker.sock');
  const engine = await StartedProcess.start(dockerd, [
    `--data-root=${folder}/data`,
    `--exec-root=${folder}/exec`,
    `--pidfile=${folder}/pid`,
    `--host=unix://${socketPath}`,
  ]);
  await engine.until('dockerd answers', () => isEngine(socketPath), 60_000);
  return {
    socketPath,
    own: true,
    async stop() {
      engine.child.kill('SIGTERM');
      await engine.waitForEnd(30_000);
      unmountBelow(folder);
    },
  };
}

/** An engine leaves the mount of its network namespace behind, which would block the removal of the folder. */
function unmountBelow(folder: string): void {
  const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n');
  const places = mounts.map((line) => line.split(' ')[1] ?? '').filter((place) => place.startsWith(folder));
  for (const place of places.reverse()) execFileSync('umount', [place]);
}
