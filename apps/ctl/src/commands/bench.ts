import type { Command } from 'commander';
import { CommandError } from '../command-error.ts';
import { EXIT, type Outcome } from '../exit-codes.ts';
import { withExamples } from '../help-examples.ts';

const EXAMPLES = `
  olla bench                                       all workloads and variants, about 20 minutes on an idle machine
  olla bench --quick                               one short round, to check that everything works
  olla bench --only json-32,sse-50 --rounds 3      some workloads
  olla bench --targets olla,olla-no-limits         some targets; direct and nginx always take part
  olla bench --compare other='other -c {config}' --compare-config other.conf
                                                   another gateway; {port}, {backend} and {config} are replaced`;

/** Registers `olla bench`, which compares the cost of a request with that in nginx and other gateways. */
export function registerBench(program: Command, outcome: Outcome): void {
  const bench = program
    .command('bench')
    .description('compare the cost of a request with nginx (Linux)')
    .option('--quick', 'one round of short windows, to check that everything works')
    .option('--rounds <number>', 'number of rounds, default 5')
    .option('--duration <seconds>', 'length of each measured window, default 3')
    .option('--rate <number>', 'requests per second of the open loop, default 1000')
    .option('--only <workloads>', 'workloads to run, comma-separated')
    .option('--targets <names>', 'targets to measure, comma-separated')
    .option('--redis [url]', 'add the variant with Redis; without a URL, start a private Redis')
    .option('--compare <name=command>', 'another gateway to compare; may be repeated', appended)
    .option('--compare-config <file>', 'configuration template of that gateway', appended)
    .option(
      '--compare-path <path>',
      'chat completions path of that gateway, default /v1/chat/completions',
      appended,
    )
    .option('--source', 'run the gateway from source even when a bundle is built')
    .option('--profile <folder>', 'write CPU profiles of the gateway; its figures then include their cost')
    .option('-o, --output <format>', 'text or json', 'text')
    .option('--json', 'the same as -o json')
    .action(async (flags: Record<string, unknown>) => {
      const { runBench } = await import('@olla/bench/run-bench');
      const { BadBenchOption } = await import('@olla/bench/options');
      try {
        outcome.exitCode = await runBench(flags, {
          print: (text) => process.stdout.write(text),
          onProgress: (line) => process.stderr.write(`${line}\n`),
        });
      } catch (error) {
        if (!(error instanceof BadBenchOption)) throw error;
        throw new CommandError(EXIT.usage, error.code, error.message, {
          hint: 'olla bench --help lists the options.',
          cause: error,
        });
      }
    });
  withExamples(bench, EXAMPLES);
}

function appended(value: string, earlier: readonly string[] | undefined): readonly string[] {
  return [...(earlier ?? []), value];
}
