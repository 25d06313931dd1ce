import { spawn } from 'node:child_process';
import { callEngine } from './engine-api.ts';

/**
 * Makes an image of a folder without a registry.
 * Makes an image of a folder, without any registry.
 *
 * @param name with its tag: `redis:8`
 * @param instructions as in a Dockerfile, such as `USER 10001`
 */
export async function importImage(
  socketPath: string,
  root: string,
  name: string,
  instructions: readonly string[],
): Promise<void> {
  const [repo = name, tag = 'latest'] = name.split(':');
  const query = new URLSearchParams({ fromSrc: '-', repo, tag });
  for (const instruction of instructions) query.append('changes', instruction);
  const tar = spawn('tar', ['--numeric-owner', '--owner=0', '--group=0', '-C', root, '-c', '.'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    tar.once('error', reject);
    tar.once('close', resolve);
  });
  const answer = await callEngine(socketPath, 'POST', `/images/create?${query.toString()}`, tar.stdout);
  // An engine that refuses does not read the rest.
  tar.stdout.destroy();
  const code = await ended;
  if (answer.status !== 200 || answer.text.includes('"error"') || code !== 0)
    throw new Error(`the image ${name} could not be imported (tar ended with ${code}): ${answer.text}`);
}
