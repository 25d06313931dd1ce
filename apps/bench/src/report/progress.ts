import type { Measurement } from '../result.ts';

/** The progress line of one measurement. */
export function progressLine(measurement: Measurement, rounds: number): string {
  const { round, workload, target, cpuUsPerUnit, unitsPerS, memoryKiBPerStream } = measurement;
  const parts = [
    `round ${round + 1}/${rounds}`,
    workload.padEnd(12),
    target.padEnd(18),
    `${Math.round(unitsPerS)}/s`.padStart(9),
    cpuUsPerUnit === undefined ? '' : `${cpuUsPerUnit.toFixed(1)} µs CPU each`,
    memoryKiBPerStream === undefined ? '' : `${memoryKiBPerStream.toFixed(1)} KiB a stream`,
    ...Object.entries(measurement.errors).map(([problem, count]) => `! ${count} × ${problem}`),
  ];
  return parts.filter((part) => part !== '').join('  ');
}
