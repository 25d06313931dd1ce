import type { Command } from 'commander';
import type { Outcome } from '../exit-codes.ts';
import { withExamples } from '../help-examples.ts';
import { settingsFromFlags, type SettingsFlags } from '../settings-from-flags.ts';

const EXAMPLES = `
  olla agent -c olla.yaml                                  with redis.url in the file
  olla agent -c olla.yaml --redis-url redis://10.0.0.5     with redis.url as a flag`;

/** Registers `olla agent`, which runs the discovery agent alone, for gateways that share a Redis. */
export function registerAgent(program: Command, outcome: Outcome): void {
  const agent = program
    .command('agent')
    .description('run a discovery agent alone; of several agents, one leads')
    .option('-c, --config <file>', 'configuration file (env OLLA_CONFIG_FILE)')
    .option('--redis-url <url>', 'Redis of the gateways (env OLLA_REDIS_URL)')
    .action(async (flags: SettingsFlags) => {
      const { settings } = await settingsFromFlags(flags);
      const { startStandaloneAgent } = await import('@olla/discovery/main');
      outcome.exitCode = await startStandaloneAgent(settings);
    });
  withExamples(agent, EXAMPLES);
}
