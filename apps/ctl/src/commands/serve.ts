import type { Command } from 'commander';
import type { Outcome } from '../exit-codes.ts';
import { withExamples } from '../help-examples.ts';
import type { SettingsFlags } from '../settings-from-flags.ts';

const EXAMPLES = `
  olla serve                                 serve the endpoints of ./config.yaml, or backends found on this machine
  olla serve --demo                          serve a simulated fleet, and print requests to copy
  olla serve -c olla.yaml --port 8080        serve the endpoints of a file; flags win over environment over file
  olla serve -c olla.yaml --validate-config  check the configuration and exit
  olla serve --redis-url redis://10.0.0.5    share limits, health and statistics with other hosts`;

interface ServeFlags extends SettingsFlags {
  demo?: true;
  validateConfig?: true;
}

/** Registers `olla serve`, which runs a gateway with its workers and a discovery agent. */
export function registerServe(program: Command, outcome: Outcome): void {
  const serve = program
    .command('serve')
    .description('run the gateway: primary, workers and discovery agent')
    .option('-c, --config <file>', 'configuration file (env OLLA_CONFIG_FILE)')
    .option('--host <address>', 'address to bind (env OLLA_SERVER_HOST)')
    .option('--port <number>', 'port to bind (env OLLA_SERVER_PORT)')
    .option(
      '--workers <number>',
      'number of worker processes, default one per core (env OLLA_SERVER_WORKERS)',
    )
    .option('--redis-url <url>', 'Redis that shares state with other gateways (env OLLA_REDIS_URL)')
    .option('--demo', 'serve a simulated fleet')
    .option('--validate-config', 'check the configuration and exit')
    .action(async (flags: ServeFlags) => {
      const { demo, validateConfig, ...settingsFlags } = flags;
      if (validateConfig) {
        const { checkConfig } = await import('../config-check.ts');
        outcome.exitCode = await checkConfig(settingsFlags);
        return;
      }
      const { runServe } = await import('../run-serve.ts');
      outcome.exitCode = await runServe(settingsFlags, demo === true);
    });
  withExamples(serve, EXAMPLES);
}
