import { setTimeout as delay } from 'node:timers/promises';
import { ClientConnection } from '../generator/client-connection.ts';
import type { LoadSpec } from '../generator/load-spec.ts';
import { encodeRequest } from '../generator/load.ts';
import { TargetFailed, type RunningTarget } from '../targets/target.ts';

const POLL_MS = 5;
const REQUEST_DEADLINE_MS = 1000;

export interface ServingCheck {
  /** The target's name, for errors. */
  readonly name: string;
  readonly running: RunningTarget;
  readonly spec: LoadSpec;
}

/**
 * Sends requests until one gets the expected response from the backend, or a status in `alsoServing`. Rejects with
 * TargetFailed and the program's output when the program exits or the deadline passes.
 */
export async function waitUntilServing(
  { name, running, spec }: ServingCheck,
  options: { readonly deadlineMs: number; readonly alsoServing: readonly number[] },
): Promise<void> {
  const deadlineMs = performance.now() + options.deadlineMs;
  const accepted = options.alsoServing.map((status) => `status ${status}`);
  for (;;) {
    const problem = await sendOnce(spec);
    if (problem === undefined || accepted.includes(problem)) return;
    if (running.child?.exited() === true)
      throw new TargetFailed(name, 'exited at its start', running.child.output());
    if (performance.now() >= deadlineMs) {
      const what = `did not serve within ${options.deadlineMs / 1000} s (last response: ${problem})`;
      throw new TargetFailed(name, what, running.child?.output());
    }
    await delay(POLL_MS);
  }
}

/** Sends one request. Resolves with the problem, or undefined for the expected response. */
function sendOnce(spec: LoadSpec): Promise<string | undefined> {
  return new Promise((resolve) => {
    const finish = (problem: string | undefined): void => {
      clearTimeout(timer);
      connection.abort();
      resolve(problem);
    };
    const connection = new ClientConnection(spec.port, spec.expected, {
      onFirstByte: () => undefined,
      onBodyBytes: () => undefined,
      onResponse: (_connection, problem) => finish(problem),
    });
    const timer = setTimeout(() => finish('no response within 1 s'), REQUEST_DEADLINE_MS);
    connection.send(encodeRequest(spec));
  });
}
