import type { Command } from 'commander';
import type { ExplainFlags } from '../config-explain.ts';
import type { Outcome } from '../exit-codes.ts';
import { withExamples } from '../help-examples.ts';

const EXAMPLES = `
  olla config init                 look for backends on this machine and write ./config.yaml
  olla config init -o olla.yaml    the same into another file
  olla config check olla.yaml      every problem at once, each with line and column
  olla config explain --set        what is set, to what, and by which line, variable or flag`;

/** `olla config`: makes, checks and explains configurations. */
export function registerConfig(program: Command, outcome: Outcome): void {
  const config = program.command('config').description('make, check or explain a configuration');
  withExamples(config, EXAMPLES);
  config
    .command('init')
    .description('write a starting file with the backends found on this machine')
    .option('-o, --output <file>', 'where to write it', 'config.yaml')
    .option('--force', 'replace a file that exists')
    .action(async (flags: { output: string; force?: true }) => {
      const { initConfig } = await import('../config-init.ts');
      await initConfig(flags.output, flags.force === true);
    });
  config
    .command('check')
    .description('print all problems of a configuration as file:line:col')
    .argument('[file]', 'the file; without it the one that serve would take')
    .option('-c, --config <file>', 'the same as the argument')
    .action(async (file: string | undefined, flags: { config?: string }) => {
      const { checkConfig } = await import('../config-check.ts');
      const path = file ?? flags.config;
      outcome.exitCode = await checkConfig(path === undefined ? {} : { config: path });
    });
  config
    .command('explain')
    .description('print each key with its value and who set it; secrets are hidden')
    .argument('[file]', 'the file; without it the one that serve would take')
    .option('-c, --config <file>', 'the same as the argument')
    .option('--set', 'leave out what is at its default')
    .option('--json', 'for programs')
    .action(async (file: string | undefined, flags: { config?: string } & ExplainFlags) => {
      const { explainConfig } = await import('../config-explain.ts');
      const path = file ?? flags.config;
      outcome.exitCode = await explainConfig(path === undefined ? {} : { config: path }, flags);
    });
}
