import { spawn } from 'node:child_process';
import { callEngine } from './engine-api.ts';

/**
 * Makes an image of a folder, without any registry.
 *
 * @param instructions as in a Dockerfile, such as `USER 10001`
 */
export async function importImage(
  socketPath: string,
  root: string,
  name: string,
  instructions: readonly string[],
): Promise<void> {
  const query = new URLSearchParams({ fromSrc: '-', repo: name, tag: 'e2e' });
  for (const instruction of instructions) query.append('changes', instruction);
  const tar = spawn('tar', ['--numeric-owner', '--owner=0', '--group=0', '-C', root, '-c', '.'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    tar.once('error', reject);
    tar.once('close', resolve);
  });
  const answer = await callEngine(socketPath, 'POST', `/images/create?${query.toString()}`, tar.stdout);
  const code = await ended;
  if (answer.status !== 200 || answer.text.includes('"error"') || code !== 0)
    throw new Error(`the image ${name} could not be imported (tar ended with ${code}): ${answer.text}`);
}

/** Instructions of a Dockerfile's last stage that an import takes. */
export function finalInstructions(dockerfile: string): string[] {
  const lines = dockerfile.replaceAll(/\\\n/g, ' ').split('\n');
  const stage = lines.slice(lines.findLastIndex((line) => line.startsWith('FROM ')) + 1);
  return stage.filter((line) => /^(ENV|WORKDIR|USER|EXPOSE|HEALTHCHECK|ENTRYPOINT|CMD) /.test(line));
}
