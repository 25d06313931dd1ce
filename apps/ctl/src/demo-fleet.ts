import { fork } from 'node:child_process';
import { CommandError } from './command-error.ts';
import type { DemoMessage } from './demo-process.ts';
import { EXIT } from './exit-codes.ts';

export interface DemoFleet {
  readonly endpoints: readonly { readonly name: string; readonly url: string; readonly type: string }[];
  /** Ends the fleet. Resolves when its process has exited. */
  stop(): Promise<void>;
}

const START_TIMEOUT_MS = 10_000;
const STOP_TIMEOUT_MS = 1_000;

/** Starts the demo fleet in a process of its own. @throws CommandError */
export async function startDemoFleet(): Promise<DemoFleet> {
  const child = fork(process.argv[1] ?? '', [], { env: { ...process.env, OLLA_CHILD: 'demo' } });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const stop = async (): Promise<void> => {
    if (child.connected) child.disconnect();
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await exited;
    clearTimeout(timer);
  };
  const started = Promise.withResolvers<DemoMessage>();
  const failed = (message: string): void => started.resolve({ demo: 'failed', message });
  child.once('message', (message: DemoMessage) => started.resolve(message));
  child.once('error', (error) => failed(error.message));
  void exited.then(() => failed('its process exited'));
  const timer = setTimeout(
    () => failed(`it was not ready within ${START_TIMEOUT_MS / 1_000} s`),
    START_TIMEOUT_MS,
  );
  const message = await started.promise;
  clearTimeout(timer);
  if (message.demo === 'ready') return { endpoints: message.endpoints, stop };
  await stop();
  throw new CommandError(
    EXIT.failed,
    'DEMO_FAILED',
    `the simulated fleet could not start: ${message.message}`,
  );
}
