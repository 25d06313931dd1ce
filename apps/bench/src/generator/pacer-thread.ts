import { parentPort, workerData } from 'node:worker_threads';

const { intervalMs } = workerData as { intervalMs: number };
const sleeper = new Int32Array(new SharedArrayBuffer(4));
const startMs = performance.now();

for (let beat = 1; ; beat += 1) {
  const waitMs = startMs + beat * intervalMs - performance.now();
  if (waitMs > 0) Atomics.wait(sleeper, 0, 0, waitMs);
  parentPort?.postMessage(null);
}
