import { parentPort, workerData } from 'node:worker_threads';
import { monotonicMs } from './monotonic.ts';

const { intervalMs }: { intervalMs: number } = workerData;
const sleeper = new Int32Array(new SharedArrayBuffer(4));
const startMs = monotonicMs();

for (let tick = 0; ; tick += 1) {
  const waitMs = startMs + tick * intervalMs - monotonicMs();
  if (waitMs > 0) Atomics.wait(sleeper, 0, 0, waitMs);
  parentPort?.postMessage(startMs);
}
