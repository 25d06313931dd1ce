/** The monotonic clock of the process in ms. Unlike performance.now(), it is the same in every thread. */
export function monotonicMs(): number {
  const [seconds, ns] = process.hrtime();
  return seconds * 1000 + ns / 1e6;
}
