import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { tempFolder } from './temp-folder.ts';
import { waitFor } from './wait-for.ts';

/** Counts of a worker's expensive operations, by kind. */
export interface DataPathCounts {
  /** Asynchronous resources created, by the type that Node gives them: PROMISE, Timeout, FSREQCALLBACK … */
  readonly resources: Readonly<Record<string, number>>;
  /** Timers by the package whose code starts them, `own` for the project's: `own setTimeout` … */
  readonly timers: Readonly<Record<string, number>>;
  /** Messages to the primary by kind and operation: `cast load.changes`, `request leases.take` … */
  readonly messages: Readonly<Record<string, number>>;
}

/** A folder for the workers' counts, and the environment that makes workers write them. */
export class DataPathProbe {
  readonly #folder = tempFolder();
  #signals = 0;

  /** Environment of the process that forks the workers. */
  get env(): Readonly<Record<string, string>> {
    const preload = pathToFileURL(join(import.meta.dirname, 'data-path-probe.ts')).href;
    return { NODE_OPTIONS: `--import=${preload}`, OLLA_TEST_PROBE: this.#folder };
  }

  /** Reads the counts of one worker since its start. Each signal makes the worker write the next numbered file. */
  async read(worker: number): Promise<DataPathCounts> {
    this.#signals += 1;
    const file = join(this.#folder, `${worker}-${this.#signals}.json`);
    process.kill(worker, 'SIGUSR2');
    await waitFor(() => existsSync(file), { describe: `the counts of worker ${worker}`, intervalMs: 2 });
    return JSON.parse(readFileSync(file, 'utf8')) as DataPathCounts;
  }
}

/** The non-zero differences of two readings. */
export function difference(before: DataPathCounts, after: DataPathCounts): DataPathCounts {
  return {
    resources: subtract(before.resources, after.resources),
    timers: subtract(before.timers, after.timers),
    messages: subtract(before.messages, after.messages),
  };
}

function subtract(
  before: Readonly<Record<string, number>>,
  after: Readonly<Record<string, number>>,
): Record<string, number> {
  const entries = Object.entries(after).map(([name, value]) => [name, value - (before[name] ?? 0)] as const);
  return Object.fromEntries(entries.filter(([, value]) => value !== 0));
}
