import type { Command } from 'commander';
import { CommandError, EXIT, type Outcome } from '../exit-codes.ts';
import { withExamples } from '../help-examples.ts';

const EXAMPLES = `
  olla bench                                       all workloads and variants; about 20 minutes, on a quiet machine
  olla bench --quick                               a few seconds, to see that everything works
  olla bench --only json-32,sse-50 --rounds 3      some workloads
  olla bench --targets olla,olla-no-limits         some variants; direct and nginx always take part
  olla bench --compare other='other -c {config}' --compare-config other.conf
                                                   another gateway; {port}, {backend}, {config} are filled in`;

/** `olla bench`: what a request costs in this gateway beside nginx and others. */
export function registerBench(program: Command, outcome: Outcome): void {
  const bench = program
    .command('bench')
    .description('measure the cost of a request beside nginx (Linux)')
    .option('--quick', 'one round of tiny windows, for seeing that it works')
    .option('--rounds <number>', 'rounds, default 5')
    .option('--duration <seconds>', 'length of each measured window, default 3')
    .option('--rate <number>', 'requests a second of the open loop, default 1000')
    .option('--only <workloads>', 'workloads to run, by commas')
    .option('--targets <names>', 'programs to compare, by commas')
    .option('--redis [url]', 'add the variant with Redis: a private one, or that of the URL')
    .option('--compare <name=command>', 'another gateway, may be repeated', appended)
    .option('--compare-config <file>', 'template of its configuration', appended)
    .option('--compare-path <path>', 'its chat completions, default /v1/chat/completions', appended)
    .option('--source', 'run the gateway from source even where a bundle is built')
    .option(
      '--profile <folder>',
      'have the gateway leave CPU profiles there; its figures then include their cost',
    )
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
        throw new CommandError(EXIT.usage, error.code, error.message, 'olla bench --help lists the options.');
      }
    });
  withExamples(bench, EXAMPLES);
}

function appended(value: string, earlier: readonly string[] | undefined): readonly string[] {
  return [...(earlier ?? []), value];
}
