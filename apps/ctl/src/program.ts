import { ollaVersion } from '@olla/admin-api/build-info';
import { Command } from 'commander';
import { registerAgent } from './commands/agent.ts';
import { registerBench } from './commands/bench.ts';
import { registerConfig } from './commands/config.ts';
import { registerCtl } from './commands/ctl.ts';
import { registerServe } from './commands/serve.ts';
import { registerSimulate } from './commands/simulate.ts';
import type { Outcome } from './exit-codes.ts';
import { examplesFirst, withExamples } from './help-examples.ts';

const EXAMPLES = `
  olla serve                         serve the backends found on this machine at http://localhost:40114
  olla serve --demo                  serve a simulated fleet
  olla serve --config olla.yaml      serve the endpoints of a file
  olla ctl status                    show the cluster
  olla ctl top                       show the cluster live`;

const EXIT_CODES = `
Exit codes:
  0 ok   1 failed   2 usage   3 not authorised   4 not found   5 refused   6 gateway unreachable   7 degraded`;

/** Makes the command tree. The code of a command is imported when it runs. */
export function createProgram(outcome: Outcome): Command {
  const program = new Command('olla');
  program
    .description('One address for a fleet of self-hosted LLM servers.')
    .version(ollaVersion(), '-V, --version', 'print the version')
    .option('--debug', 'print the stack of an error')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .showSuggestionAfterError(true)
    .exitOverride()
    .configureHelp({ formatHelp: examplesFirst, showGlobalOptions: true })
    .configureOutput({ outputError: (text, write) => write(formatUsageError(text, program)) });
  withExamples(program, EXAMPLES);
  program.addHelpText('after', EXIT_CODES);
  registerServe(program, outcome);
  registerAgent(program, outcome);
  registerConfig(program, outcome);
  registerCtl(program, outcome);
  registerSimulate(program);
  registerBench(program, outcome);
  return program;
}

/** Prefixes commander's errors with `olla:`, and suggests `olla ctl` for one of its subcommands typed alone. */
function formatUsageError(text: string, program: Command): string {
  const message = text.replace(/^error: /, 'olla: ');
  const word = /unknown command '([^']+)'/.exec(message)?.[1];
  const ctl = program.commands.find((command) => command.name() === 'ctl');
  if (word && ctl?.commands.some((command) => command.name() === word) && !message.includes('Did you mean')) {
    return `${message.trimEnd()}\n(Did you mean olla ctl ${word}?)\n`;
  }
  return message;
}
