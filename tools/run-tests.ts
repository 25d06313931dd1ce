/**
 * Runs one project's tests under node:test: `node tools/run-tests.ts NAME FOLDER [SUFFIX]`. Every file matching
 * `*.SUFFIX.ts` (default `test`) runs in a process group of its own with a deadline, so that a test that hangs fails
 * and its processes end with it. The counts go to dist/test-results/NAME.SUFFIX.json, which `npm test` adds up (nx
 * restores the file together with a cached result). The output of failed files goes to NAME.SUFFIX.failures.txt, which
 * `npm test` prints at its end.
 *
 * TEST_CONCURRENCY: files at once (default: half the cores); TEST_FILE_TIMEOUT_MS: deadline of a file.
 */
import { spawn } from 'node:child_process';
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const [, , name, folder, suffix = 'test'] = process.argv;
if (name === undefined || folder === undefined) {
  process.stderr.write('usage: node tools/run-tests.ts NAME FOLDER [SUFFIX]\n');
  process.exit(2);
}

/** Deadline of one file. Long tests are short enough for CI, and those of the image build it first. */
const TIMEOUTS_MS: Readonly<Record<string, number>> = { long: 600_000, docker: 900_000 };
const fileTimeoutMs = Number(process.env['TEST_FILE_TIMEOUT_MS'] ?? TIMEOUTS_MS[suffix] ?? 180_000);
const concurrency = Number(
  process.env['TEST_CONCURRENCY'] ?? Math.max(1, Math.floor(availableParallelism() / 2)),
);
/** Maximum output of a failed file that `npm test` prints again at its end. */
const FAILURE_CHARACTERS = 4_000;
const counter = join(import.meta.dirname, 'count-reporter.ts');
/** Compiled code is cached between files and runs, which halves the start of a file that imports the gateway. */
const compileCache = process.env['NODE_COMPILE_CACHE'] ?? join(import.meta.dirname, '../.nx/compile-cache');
const countsFolder = mkdtempSync(join(tmpdir(), 'olla-tests-'));
const result = { passed: 0, failed: 0, skipped: 0 };
const running = new Set<number>();
const failures: string[] = [];

/** Kills a test file's process and all processes that it started. Usually none is left. */
function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

interface Outcome {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** A failure other than failed tests: a crash, a deadline. */
  readonly complaint: string | undefined;
  readonly output: Buffer;
  readonly seconds: string;
}

/** Runs one file and adds its counts. */
async function runFile(file: string, index: number): Promise<void> {
  const outcome = await runToEnd(file, index);
  const { passed, failed, skipped, complaint, output, seconds } = outcome;
  result.passed += passed;
  result.skipped += skipped;
  result.failed += failed + (complaint === undefined ? 0 : 1);
  const summary = `${isGood(outcome) ? '✔' : '✖'} ${file}: ${describe(outcome)} (${seconds} s)\n`;
  if (!isGood(outcome)) {
    process.stdout.write(output);
    failures.push(`${lastPart(output)}${summary}`);
  }
  process.stdout.write(summary);
}

/** The end of a failed file's output, where the failing tests are listed. */
function lastPart(output: Buffer): string {
  const text = output.toString('utf8').trimEnd();
  return `${text.slice(-FAILURE_CHARACTERS)}\n`;
}

function isGood({ complaint, failed }: Outcome): boolean {
  return complaint === undefined && failed === 0;
}

function describe({ passed, failed, skipped, complaint }: Outcome): string {
  return complaint ?? `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

/** Runs one file to its end or its deadline. A crash counts as one failure. */
async function runToEnd(file: string, index: number): Promise<Outcome> {
  const countsFile = join(countsFolder, `${index}.txt`);
  const reporters = ['--test-reporter=spec', '--test-reporter-destination=stdout'];
  reporters.push(`--test-reporter=${counter}`, `--test-reporter-destination=${countsFile}`);
  const startedMs = performance.now();
  const child = spawn(process.execPath, [...reporters, file], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_COMPILE_CACHE: compileCache },
  });
  const pid = child.pid;
  if (pid !== undefined) running.add(pid);
  const output: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => output.push(chunk));
  const closed = new Promise((resolve) => child.once('close', resolve));
  let overdue = false;
  const deadline = setTimeout(() => {
    overdue = true;
    if (pid !== undefined) killGroup(pid);
  }, fileTimeoutMs);
  // Not 'close' alone: a process left behind may hold the pipes open for ever.
  const ending = await new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(signal ?? String(code)));
  });
  clearTimeout(deadline);
  if (pid !== undefined) {
    killGroup(pid);
    running.delete(pid);
  }
  await Promise.race([closed, delay(1000, undefined, { ref: false })]);

  const { passed, failed, skipped } = countsOf(countsFile);
  let complaint: string | undefined;
  if (overdue) complaint = `did not end within ${fileTimeoutMs} ms and was killed`;
  else if (ending !== '0' && failed === 0) complaint = `ended with ${ending} although no test failed`;
  else if (passed + failed + skipped === 0) complaint = 'holds no test';
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  return { passed, failed, skipped, complaint, output: Buffer.concat(output), seconds };
}

/** Reads the output of the counting reporter: one character a finished test. */
function countsOf(countsFile: string): typeof result {
  let marks = '';
  try {
    marks = readFileSync(countsFile, 'latin1');
  } catch (error) {
    // A file that does not start leaves no counts: the caller counts the failed start.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const count = (mark: string): number => marks.split(mark).length - 1;
  return { passed: count('+'), failed: count('-'), skipped: count('s') };
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    for (const pid of running) killGroup(pid);
    process.exit(1);
  });
}

const files = globSync(join(folder, `**/*.${suffix}.ts`)).sort();
const queue = files.map((file, index) => ({ file, index }));
async function work(): Promise<void> {
  for (let next = queue.shift(); next !== undefined; next = queue.shift())
    await runFile(next.file, next.index);
}
await Promise.all(Array.from({ length: concurrency }, work));
rmSync(countsFolder, { recursive: true });
const results = join('dist/test-results', `${name}.${suffix}`);
mkdirSync(dirname(results), { recursive: true });
rmSync(`${results}.failures.txt`, { force: true });
if (failures.length > 0) writeFileSync(`${results}.failures.txt`, failures.join('\n'));
writeFileSync(`${results}.json`, `${JSON.stringify({ files: files.length, ...result })}\n`);
process.exitCode = result.failed > 0 ? 1 : 0;
