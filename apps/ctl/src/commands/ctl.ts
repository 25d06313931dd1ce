import { type Command, Option } from 'commander';
import type { Outcome } from '../exit-codes.ts';
import { withExamples } from '../help-examples.ts';

const EXAMPLES = `
  olla ctl status                        the cluster in one screen
  olla ctl status --check                exit 7 when something is degraded
  olla ctl endpoints -o wide             one line an endpoint
  olla ctl models --json | jq .          for programs
  olla ctl endpoints drain gpu-a         send it nothing new
  olla ctl --gateway http://10.0.0.4:40114 top`;

const EXIT_CODES = `
Exit codes:
  0 ok   1 failed   2 usage   3 not authorised   4 not found   5 refused   6 gateway unreachable   7 degraded`;

/** `olla ctl`: the console. Everything goes through the HTTP API of any one gateway. */
export function registerCtl(program: Command, outcome: Outcome): void {
  const ctl = program.command('ctl').description('watch and operate a running cluster');
  withExamples(ctl, EXAMPLES).addHelpText('after', EXIT_CODES);
  ctl.helpCommand(false);
  withConnection(ctl);
  withOutput(ctl);

  ctl
    .command('status')
    .description('the cluster, its shared state, limits and endpoints')
    .option('--check', 'exit 7 when something is degraded')
    .action(async (_flags: unknown, command: Command) => {
      const { showStatus } = await import('../ctl/status.ts');
      outcome.exitCode = await showStatus(command.optsWithGlobals());
    });

  const endpoints = ctl.command('endpoints').description('endpoints; drain or resume one').helpCommand(false);
  endpoints
    .argument('[name]', 'only this one')
    .action(async (name: string | undefined, _flags: unknown, command: Command) => {
      const { showEndpoints } = await import('../ctl/endpoints.ts');
      outcome.exitCode = await showEndpoints(command.optsWithGlobals(), name);
    });
  registerAction(endpoints, outcome, 'drain', 'send an endpoint nothing new; running streams finish');
  registerAction(endpoints, outcome, 'resume', 'let a drained endpoint serve again');
  endpoints
    .command('refresh')
    .description('probe all endpoints and list their models again, now')
    .action(async (_flags: unknown, command: Command) => {
      const { refresh } = await import('../ctl/act.ts');
      outcome.exitCode = await refresh(command.optsWithGlobals());
    });

  ctl
    .command('models')
    .description('models of the fleet and where they are')
    .argument('[name]', 'only this one')
    .action(async (name: string | undefined, _flags: unknown, command: Command) => {
      const { showModels } = await import('../ctl/models.ts');
      outcome.exitCode = await showModels(command.optsWithGlobals(), name);
    });

  ctl
    .command('top')
    .description('the cluster live; without a terminal one plain table')
    .option('--interval <seconds>', 'seconds between two reads', '1')
    .option('--ascii', 'no characters beyond ASCII')
    .action(async (_flags: unknown, command: Command) => {
      const { top } = await import('../ctl/top.ts');
      outcome.exitCode = await top(command.optsWithGlobals());
    });
}

function registerAction(
  endpoints: Command,
  outcome: Outcome,
  action: 'drain' | 'resume',
  description: string,
): void {
  endpoints
    .command(action)
    .description(description)
    .argument('<endpoint>', 'its name in the configuration')
    .option('-y, --yes', 'do not ask')
    .option('--force', 'also when a model loses its last host')
    .action(async (name: string, _flags: unknown, command: Command) => {
      const { changeEndpoint } = await import('../ctl/act.ts');
      outcome.exitCode = await changeEndpoint(command.optsWithGlobals(), action, name);
    });
}

function withConnection(command: Command): Command {
  return command
    .option(
      '--gateway <url>',
      'any gateway of the cluster (env OLLA_GATEWAY; default http://localhost:40114)',
    )
    .option(
      '--token-file <file>',
      'admin token; default the file of a gateway on this machine (env OLLA_ADMIN_TOKEN_FILE)',
    )
    .option('--insecure', 'send the token beyond this machine without HTTPS')
    .option('--timeout <seconds>', 'patience with the gateway', '5');
}

function withOutput(command: Command): Command {
  return command
    .addOption(
      new Option('-o, --output <format>', 'how to print')
        .choices(['table', 'wide', 'json', 'yaml', 'jsonl', 'name'])
        .default('table'),
    )
    .option('--json', 'the same as -o json')
    .addOption(
      new Option('--color <when>', 'colour the state').choices(['auto', 'always', 'never']).default('auto'),
    );
}
