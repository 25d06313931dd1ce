import { fork, type ChildProcess } from 'node:child_process';
import type { Instance } from '@olla/core/instance';
import type { Hub } from '../../src/create-hub.ts';
import type { RedisOptions } from '../../src/redis/options.ts';
import type { SharedState } from '../../src/shared-state.ts';
import { Driver } from './driver.ts';
import type { ToParticipant } from './wire.ts';

export interface ForkedParticipant {
  /** The child's shared state, controlled from this process. */
  readonly state: SharedState;
  readonly child: ChildProcess;
}

/** Starting a process takes long, so processes that a test leaves alive are reused. */
const idle: ChildProcess[] = [];

/** Connects a process as a member of the hub or as its own host, and waits until it is connected. */
export async function forkParticipant(
  hub: Hub | null,
  self: Instance,
  redis: RedisOptions | null,
): Promise<ForkedParticipant> {
  const child = idle.pop() ?? fork(new URL('participant.ts', import.meta.url), { execArgv: [] });
  hub?.attach(child, self);
  const driver = new Driver(child);
  child.send({ drive: 'connect', self, redis, isAlone: hub === null } satisfies ToParticipant);
  await driver.ready;
  return { state: driver.stateOf(self, redis === null ? 'memory' : 'redis'), child };
}

function isAlive({ child }: ForkedParticipant): boolean {
  return child.exitCode === null && child.signalCode === null;
}

export async function killParticipant(participant: ForkedParticipant): Promise<void> {
  if (!isAlive(participant)) return;
  const exited = new Promise((resolve) => participant.child.once('exit', resolve));
  participant.child.kill('SIGKILL');
  await exited;
}

/** Releases a process for the next test. */
export async function releaseParticipant(participant: ForkedParticipant): Promise<void> {
  if (!isAlive(participant)) return;
  await participant.state.close();
  participant.child.removeAllListeners();
  idle.push(participant.child);
}

/** Ends the processes that no test uses any more. */
export function endParticipants(): void {
  for (const child of idle.splice(0)) child.kill('SIGKILL');
}
