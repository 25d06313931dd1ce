import { join } from 'node:path';
import { needProgram } from '@olla/testing/debian';
import { StartedProcess } from '@olla/testing/started-process';
import { tempFolder } from '@olla/testing/temp-folder';
import { isEngine } from './engine-api.ts';

export interface Engine {
  readonly socketPath: string;
  /** Stops an engine that was started here; leaves one that ran before. */
  stop(): Promise<void>;
}

/**
 * A Docker engine: the one that runs (DOCKER_HOST, or Docker's usual socket), else one of our own from Debian's package
 * docker.io, which takes root. The vfs driver works where no union file system does.
 *
 * @throws Error that says why there is none
 */
export async function needEngine(): Promise<Engine> {
  const named = process.env['DOCKER_HOST'];
  const running = named === undefined ? '/var/run/docker.sock' : named.replace(/^unix:\/\//, '');
  if (running.startsWith('/') && (await isEngine(running)))
    return { socketPath: running, stop: () => Promise.resolve() };
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
    '--storage-driver=vfs',
    `--data-root=${folder}/data`,
    `--exec-root=${folder}/exec`,
    `--pidfile=${folder}/pid`,
    `--host=unix://${socketPath}`,
  ]);
  await engine.until('dockerd answers', () => isEngine(socketPath), 60_000);
  return {
    socketPath,
    async stop() {
      engine.child.kill('SIGTERM');
      await engine.waitForEnd(30_000);
    },
  };
}
