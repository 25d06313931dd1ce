import type { Command } from 'commander';
import type { ExplainFlags } from '../config-explain.ts';
import type { Outcome } from '../exit-codes.ts';
import { withExamples } from '../help-examples.ts';

const EXAMPLES = `
  olla config init                 find backends on this machine and write ./config.yaml
  olla config init -o olla.yaml    write another file
  olla config check olla.yaml      print all problems with line and column
  olla config explain --set        print the keys that are set, with the line, variable or flag that sets them`;

/** Registers `olla config`, which writes, checks and explains configurations. */
export function registerConfig(program: Command, outcome: Outcome): void {
  const config = program.command('config').description('write, check or explain a configuration');
  withExamples(config, EXAMPLES);
  config
    .command('init')
    .description('write a configuration file with the backends found on this machine')
    .option('-o, --output <file>', 'file to write', 'config.yaml')
    .option('--force', 'replace an existing file')
    .action(async (flags: { output: string; force?: true }) => {
      const { initConfig } = await import('../config-init.ts');
      await initConfig(flags.output, flags.force === true);
    });
  config
    .command('check')
    .description('print all problems of a configuration as file:line:col')
    .argument('[file]', 'configuration file; default: the file that serve would read')
    .option('-c, --config <file>', 'the same as the argument')
    .action(async (file: string | undefined, flags: { config?: string }) => {
      const { checkConfig } = await import('../config-check.ts');
      const path = file ?? flags.config;
      outcome.exitCode = await checkConfig(path === undefined ? {} : { config: path });
    });
  config
    .command('explain')
    .description('print each key with its value and source; secrets are hidden')
    .argument('[file]', 'configuration file; default: the file that serve would read')
    .option('-c, --config <file>', 'the same as the argument')
    .option('--set', 'omit keys at their default')
    .option('--json', 'print JSON')
    .action(async (file: string | undefined, flags: { config?: string } & ExplainFlags) => {
      const { explainConfig } = await import('../config-explain.ts');
      const path = file ?? flags.config;
      outcome.exitCode = await explainConfig(path === undefined ? {} : { config: path }, flags);
    });
}
