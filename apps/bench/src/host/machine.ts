import { availableParallelism, cpus, loadavg, release } from 'node:os';
import type { Machine } from '../result.ts';

export function describeMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    kernel: release(),
    node: process.version,
    loadAverageAtStart: loadavg()[0] ?? 0,
  };
}
