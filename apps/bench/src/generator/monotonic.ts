/** The process's monotonic clock in ms: unlike performance.now() it reads the same in every thread. */
export function monotonicMs(): number {
  const [seconds, ns] = process.hrtime();
  return seconds * 1000 + ns / 1e6;
}
