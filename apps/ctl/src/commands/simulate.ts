import type { Command } from 'commander';

/** `olla simulate`: fleets of simulated backends. */
export function registerSimulate(program: Command): void {
  program.command('simulate').description('serve a fleet of simulated backends');
}
