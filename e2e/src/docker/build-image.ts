import { join } from 'node:path';
import { needProgram } from '@olla/testing/debian';
import { StartedProcess } from '@olla/testing/started-process';
import { importBaseImages } from './base-images.ts';
import type { Engine } from './engine.ts';

export const REPOSITORY = join(import.meta.dirname, '../../..');
/** The image's name in deploy/compose/compose.yaml. */
export const IMAGE = 'olla';

const BUILD_MS = 600_000;

/**
 * Runs `docker build` of the Dockerfile. An engine that the tests started has no registry, so it gets the base images
 * first.
 *
 * @param buildArgs by name
 */
export async function buildImage(engine: Engine, buildArgs: Readonly<Record<string, string>>): Promise<void> {
  if (engine.own) await importBaseImages(engine.socketPath);
  const args = Object.entries(buildArgs).map(([name, value]) => `--build-arg=${name}=${value}`);
  // npm reaches its registry as this machine does.
  const build = [
    'build',
    '--network=host',
    '--file=deploy/docker/Dockerfile',
    `--tag=${IMAGE}`,
    ...args,
    '.',
  ];
  const docker = await StartedProcess.start(needProgram('docker', 'docker.io'), build, { cwd: REPOSITORY });
  const { code } = await docker.waitForEnd(BUILD_MS);
  if (code !== 0) throw new Error(`docker build ended with ${code}\n${docker.output}`);
}
