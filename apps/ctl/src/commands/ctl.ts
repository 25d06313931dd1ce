import { type Command, Option } from 'commander';
import type { Outcome } from '../exit-codes.ts';
import { withExamples } from '../help-examples.ts';

const EXAMPLES = `
  olla ctl status                        show the cluster
  olla ctl status --check                exit 7 when the cluster is degraded
  olla ctl endpoints -o wide             list the endpoints with all columns
  olla ctl models --json | jq .          print JSON for programs
  olla ctl endpoints drain gpu-a         send no new requests to an endpoint
  olla ctl --gateway http://10.0.0.4:40114 top`;

const EXIT_CODES = `
Exit codes:
  0 ok   1 failed   2 usage   3 not authorised   4 not found   5 refused   6 gateway unreachable   7 degraded`;

/** Registers `olla ctl`, which watches and operates a cluster through the HTTP API of one of its gateways. */
export function registerCtl(program: Command, outcome: Outcome): void {
  const ctl = program.command('ctl').description('watch and operate a running cluster');
  withExamples(ctl, EXAMPLES).addHelpText('after', EXIT_CODES);
  ctl.helpCommand(false);
  withConnection(ctl);
  withOutput(ctl);

  ctl
    .command('status')
    .description('show the cluster, its shared state, limits and endpoints')
    .option('--check', 'exit 7 when the cluster is degraded')
    .action(async (_flags: unknown, command: Command) => {
      const { showStatus } = await import('../ctl/status.ts');
      outcome.exitCode = await showStatus(command.optsWithGlobals());
    });

  const endpoints = ctl
    .command('endpoints')
    .description('list, drain or resume endpoints')
    .helpCommand(false);
  endpoints
    .argument('[name]', 'show only this one')
    .action(async (name: string | undefined, _flags: unknown, command: Command) => {
      const { showEndpoints } = await import('../ctl/endpoints.ts');
      outcome.exitCode = await showEndpoints(command.optsWithGlobals(), name);
    });
  registerAction(endpoints, outcome, {
    action: 'drain',
    description: 'send no new requests to an endpoint; running requests finish',
  });
  registerAction(endpoints, outcome, {
    action: 'resume',
    description: 'send requests to a drained endpoint again',
  });
  endpoints
    .command('refresh')
    .description('probe all endpoints and list their models now')
    .action(async (_flags: unknown, command: Command) => {
      const { refresh } = await import('../ctl/change-endpoint.ts');
      outcome.exitCode = await refresh(command.optsWithGlobals());
    });

  ctl
    .command('models')
    .description('list the models and their endpoints')
    .argument('[name]', 'show only this one')
    .action(async (name: string | undefined, _flags: unknown, command: Command) => {
      const { showModels } = await import('../ctl/models.ts');
      outcome.exitCode = await showModels(command.optsWithGlobals(), name);
    });

  ctl
    .command('top')
    .description('show the cluster live; without a terminal, print one table')
    .option('--interval <seconds>', 'seconds between two reads of the gateway', '1')
    .option('--ascii', 'use only ASCII characters')
    .action(async (_flags: unknown, command: Command) => {
      const { top } = await import('../ctl/top.ts');
      outcome.exitCode = await top(command.optsWithGlobals());
    });
}

function registerAction(
  endpoints: Command,
  outcome: Outcome,
  { action, description }: { readonly action: 'drain' | 'resume'; readonly description: string },
): void {
  endpoints
    .command(action)
    .description(description)
    .argument('<endpoint>', 'name of the endpoint in the configuration')
    .option('-y, --yes', 'skip the confirmation')
    .option('--force', 'drain even when a model loses its last endpoint')
    .action(async (name: string, _flags: unknown, command: Command) => {
      const { changeEndpoint } = await import('../ctl/change-endpoint.ts');
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
      'file of the admin token; default: that of a gateway on this machine (env OLLA_ADMIN_TOKEN_FILE)',
    )
    .option('--insecure', 'send the token to another machine without HTTPS')
    .option('--timeout <seconds>', 'how long to wait for the gateway', '5');
}

function withOutput(command: Command): Command {
  return command
    .addOption(
      new Option('-o, --output <format>', 'output format')
        .choices(['table', 'wide', 'json', 'yaml', 'jsonl', 'name'])
        .default('table'),
    )
    .option('--json', 'the same as -o json')
    .addOption(
      new Option('--color <when>', 'colour the state column')
        .choices(['auto', 'always', 'never'])
        .default('auto'),
    );
}
