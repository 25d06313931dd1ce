import { setTimeout as delay } from 'node:timers/promises';
import { ClientConnection } from '../generator/client-connection.ts';
import { requestOf } from '../generator/load.ts';
import type { LoadSpec } from '../generator/load-spec.ts';
import { TargetFailed, type RunningTarget } from '../targets/target.ts';

const POLL_MS = 5;
const ASK_DEADLINE_MS = 1000;

/**
 * Asks until a request goes through to the backend and back: for a gateway that is listening with its first snapshot.
 * Rejects with what the program printed when it ends or the deadline passes.
 * @param spec of the request; its expected status says when the target serves, or any of `alsoServing`.
 */
export async function waitUntilServing(
  name: string,
  target: RunningTarget,
  spec: LoadSpec,
  options: { readonly deadlineMs: number; readonly alsoServing: readonly number[] },
): Promise<void> {
  const untilMs = performance.now() + options.deadlineMs;
  const accepted = options.alsoServing.map((status) => `status ${status}`);
  for (;;) {
    const problem = await askOnce(spec);
    if (problem === undefined || accepted.includes(problem)) return;
    if (target.child?.exited() === true)
      throw new TargetFailed(name, 'ended at its start', target.child.output());
    if (performance.now() >= untilMs) {
      const what = `did not serve within ${options.deadlineMs / 1000} s (last answer: ${problem})`;
      throw new TargetFailed(name, what, target.child?.output());
    }
    await delay(POLL_MS);
  }
}

/** Undefined when the answer was as expected. */
function askOnce(spec: LoadSpec): Promise<string | undefined> {
  return new Promise((resolve) => {
    const finish = (problem: string | undefined): void => {
      clearTimeout(timer);
      connection.leave();
      resolve(problem);
    };
    const connection = new ClientConnection(spec.port, spec.expected, {
      onFirstByte: () => undefined,
      onBodyBytes: () => undefined,
      onAnswer: (_connection, problem) => finish(problem),
    });
    const timer = setTimeout(() => finish('no answer within 1 s'), ASK_DEADLINE_MS);
    connection.send(requestOf(spec));
  });
}
