/** Body of a cluster worker: importing this file runs it. The path of a request is in request/request-path.ts. */
import { connectState } from '@olla/state/connect-state';
import { openLog } from '@olla/telemetry/open-log';
import {
  isMessage,
  type DrainMessage,
  type FailedMessage,
  type FaultMessage,
  type InitMessage,
} from './process-messages.ts';
import { runWorker, type RunningWorker } from './run-worker.ts';

/** Without a word from the primary after this time there is no primary. */
const INIT_TIMEOUT_MS = 10_000;

let running: RunningWorker | null = null;
let stopping = false;
const stop = (timeoutMs: number, exitCode = 0): void => {
  // A service manager signals every process, and the primary sends its workers a message too.
  if (stopping) return;
  stopping = true;
  // A worker that is still starting has no requests.
  if (running === null) process.exit(exitCode);
  void running.stop(timeoutMs).finally(() => {
    log.flush();
    process.exit(exitCode);
  });
};
// From the first moment: a gateway can be stopped while one of its workers is being replaced.
process.on('message', (message: unknown) => {
  if (isMessage<DrainMessage>(message, 'drain')) stop(message.timeoutMs);
});

const init = await receiveInit();
const { log, format } = openLog(init.settings.logging, {
  base: { role: 'worker', pid: process.pid },
  name: 'olla',
  rotates: false,
});

// An exception of a request's code ends that request. An exception here was not caught, so the state of this process is
// unknown: it is replaced, and its streams end as they would have.
process.on('uncaughtException', (fault, origin) => {
  // A closed log cannot record this error.
  if ('code' in fault && fault.code === 'EPIPE' && stopping) return;
  log.error(
    'the worker met a fault outside of any request; another takes its place while it finishes what runs',
    {
      origin,
      error: fault instanceof Error ? (fault.stack ?? fault.message) : String(fault),
    },
  );
  if (stopping) return;
  const message: FaultMessage = {
    olla: 'fault',
    message: fault instanceof Error ? fault.message : String(fault),
  };
  process.send?.(message, undefined, undefined, () => undefined);
  stop(init.settings.server.shutdown_timeout, 1);
});

// A terminal signals the whole process group; only the primary acts on the signals.
process.on('SIGINT', () => undefined);

process.on('SIGTERM', () => stop(init.settings.server.shutdown_timeout));
// The primary has ended, and with it the shared state of this worker.
process.on('disconnect', () => stop(init.settings.server.shutdown_timeout));

try {
  const state = await connectState({ self: init.self, redis: init.redis, channel: process });
  running = await runWorker({ init, state, log, format });
  process.send?.({ olla: 'ready' });
} catch (error) {
  log.flush();
  const failed: FailedMessage = {
    olla: 'failed',
    message: error instanceof Error ? error.message : String(error),
  };
  process.send?.(failed, undefined, undefined, () => process.exit(1));
}

function receiveInit(): Promise<InitMessage> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => process.exit(1), INIT_TIMEOUT_MS);
    const onMessage = (message: unknown): void => {
      if (!isMessage<InitMessage>(message, 'init')) return;
      clearTimeout(timer);
      process.off('message', onMessage);
      resolve(message);
    };
    process.on('message', onMessage);
  });
}
