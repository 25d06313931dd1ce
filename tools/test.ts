/**
 * `npm test`: all checks of a change, for all projects: format, lint, typecheck, unit tests, the build, then the
 * end-to-end tests alone. Each test counts as one, and so does each other check. Ends with the output of failures and a
 * line `N passed, N failed`; the exit code is 1 if anything failed. `--long` adds the files `*.long.ts`.
 */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

interface TaskResult {
  taskId: string;
  target: string;
  projectName: string;
  /** Exit code; absent if the task never ran. */
  status?: number;
}
interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

const root = join(import.meta.dirname, '..');
const resultsFolder = join(root, 'dist/test-results');
const runRecord = join(root, '.nx/cache/run.json');
/** The targets whose counts are in files that tools/run-tests.ts writes, and the suffix of those files. */
const suffixOf: Record<string, string> = { test: 'test', e2e: 'test', long: 'long' };

/** Runs targets of all projects with nx and returns how each task ended; null if nx itself failed. */
async function runTargets(targets: string[], parallel: number): Promise<TaskResult[] | null> {
  rmSync(runRecord, { force: true });
  const nx = join(root, 'node_modules/nx/dist/bin/nx.js');
  const args = [nx, 'run-many', '-t', ...targets, `--parallel=${parallel}`, '--outputStyle=stream'];
  const child = spawn(process.execPath, args, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, NX_DAEMON: 'false', NX_TUI: 'false', NX_NO_CLOUD: 'true' },
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', resolve);
  });
  let tasks: TaskResult[];
  try {
    tasks = (JSON.parse(readFileSync(runRecord, 'utf8')) as { tasks: TaskResult[] }).tasks;
  } catch (error) {
    process.stderr.write(`nx left no record of its tasks in ${runRecord}: ${String(error)}\n`);
    return null;
  }
  return code === 0 || tasks.some((task) => task.status !== 0) ? tasks : null;
}

function readCounts(file: string): Counts {
  return JSON.parse(readFileSync(file, 'utf8')) as Counts;
}

/** The counts of one task. */
function countsOf(task: TaskResult): Counts {
  const ok = task.status === 0;
  const suffix = suffixOf[task.target];
  if (suffix === undefined) return { passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: 0 };
  const file = join(resultsFolder, `${task.projectName}.${suffix}.json`);
  const counts = existsSync(file) ? readCounts(file) : { passed: 0, failed: 0, skipped: 0 };
  // A runner that crashed, or lost its results, counts as one failure.
  if ((!ok || !existsSync(file)) && counts.failed === 0) counts.failed = 1;
  return counts;
}

const startedMs = performance.now();
const long = process.argv.includes('--long');
rmSync(resultsFolder, { recursive: true, force: true });
const phases: { targets: string[]; parallel: number }[] = [
  { targets: ['format', 'typecheck', 'lint', 'test', 'build'], parallel: 2 },
  { targets: ['e2e'], parallel: 1 },
  ...(long ? [{ targets: ['long'], parallel: 1 }] : []),
];
const sum: Counts = { passed: 0, failed: 0, skipped: 0 };
const failedTasks: string[] = [];
const failures: string[] = [];
for (const { targets, parallel } of phases) {
  process.stdout.write(`\n── ${targets.join(', ')} ──\n`);
  const tasks = await runTargets(targets, parallel);
  if (tasks === null) {
    sum.failed += 1;
    failedTasks.push(`npx nx run-many -t ${targets.join(' ')}`);
    continue;
  }
  for (const task of tasks.filter(({ target }) => targets.includes(target))) {
    const counts = countsOf(task);
    sum.passed += counts.passed;
    sum.failed += counts.failed;
    sum.skipped += counts.skipped;
    if (counts.failed === 0) continue;
    failedTasks.push(`npx nx run ${task.taskId}`);
    const output = join(resultsFolder, `${task.projectName}.${suffixOf[task.target] ?? ''}.failures.txt`);
    if (existsSync(output)) failures.push(readFileSync(output, 'utf8'));
  }
}

const seconds = ((performance.now() - startedMs) / 1000).toFixed(0);
process.stdout.write(`\n${seconds} s\n`);
// Printed again at the end, so that it is easy to find in the log of a long run.
for (const output of failures) process.stdout.write(`\n${output}`);
for (const command of failedTasks) process.stdout.write(`✖ failed; again alone: ${command}\n`);
// No test may be skipped: its requirements are installed, or the run fails.
if (sum.skipped > 0) process.stdout.write(`✖ ${sum.skipped} skipped tests count as failed\n`);
process.stdout.write(`${sum.passed} passed, ${sum.failed + sum.skipped} failed\n`);
process.exitCode = sum.failed + sum.skipped > 0 ? 1 : 0;
