import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startPinned } from '../host/children.ts';
import { findFreePort } from '../host/ports.ts';
import { TargetFailed } from '../targets/target.ts';

const START_DEADLINE_MS = 5000;
const POLL_MS = 20;

/** Starts a Redis for this run, which stores nothing on disk. Resolves with its URL. */
export async function startPrivateRedis(core: number, folder: string): Promise<string> {
  const port = await findFreePort();
  const child = await startPinned({
    core,
    command: [
      'redis-server',
      ...['--port', String(port), '--bind', '127.0.0.1'],
      ...['--save', '', '--appendonly', 'no', '--dir', folder],
    ],
    outputFile: join(folder, 'redis.log'),
  });
  const deadlineMs = performance.now() + START_DEADLINE_MS;
  while (!(await accepts(port))) {
    if (child.exited() || performance.now() >= deadlineMs) {
      throw new TargetFailed(
        'redis-server',
        'did not start. Run apt-get install -y redis-server, or give --redis URL',
        child.output(),
      );
    }
    await delay(POLL_MS);
  }
  return `redis://127.0.0.1:${port}`;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
