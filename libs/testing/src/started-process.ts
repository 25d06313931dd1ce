import { spawn, type ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';
import { processTree } from './process-tree.ts';
import { waitFor } from './wait-for.ts';

export interface StartOptions {
  readonly cwd?: string;
  /** Added to the environment; undefined removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Live processes of this test run. They are killed at its end, however it ends. */
const alive = new Set<StartedProcess>();
process.on('exit', () => {
  for (const started of alive) started.killTree();
});

/** A program started by a test. Its output is kept, and none of its processes outlives the test. */
export class StartedProcess {
  readonly child: ChildProcess;
  readonly pid: number;
  /** Settles when the process has ended and all its output has been read. */
  readonly ended: Promise<Ending>;
  stdout = '';
  stderr = '';
  readonly #command: string;

  private constructor(child: ChildProcess, command: string) {
    this.child = child;
    this.#command = command;
    this.pid = child.pid ?? 0;
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    // A process that a failed test left running must not keep the test file running; it is killed at the end of the
    // file.
    child.unref();
    for (const pipe of [child.stdout, child.stderr]) (pipe as Socket | null)?.unref();
    alive.add(this);
    this.ended = new Promise((resolve) => {
      child.once('close', (code, signal) => {
        alive.delete(this);
        resolve({ code, signal });
      });
    });
  }

  /** Starts `command args…`. Throws if it cannot be run at all. */
  static async start(
    command: string,
    args: readonly string[],
    options: StartOptions = {},
  ): Promise<StartedProcess> {
    const env = { ...process.env, ...options.env };
    for (const [key, value] of Object.entries(env)) if (value === undefined) delete env[key];
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env, cwd: options.cwd });
    await new Promise<void>((resolve, reject) => {
      child.once('error', reject);
      child.once('spawn', resolve);
    });
    return new StartedProcess(child, [command, ...args].join(' '));
  }

  /** Its output so far, for the message of a failing test. */
  get output(): string {
    return `--- ${this.#command}\n--- stdout\n${this.stdout}\n--- stderr\n${this.stderr}`;
  }

  /** Waits for a condition while the process runs. Throws with its output if it ends first, or at the deadline. */
  async until<T>(
    describe: string,
    condition: () => T | Promise<T>,
    timeoutMs = 20_000,
  ): Promise<NonNullable<T>> {
    let ended: Ending | undefined;
    void this.ended.then((ending) => (ended = ending));
    let seen: T | undefined;
    try {
      await waitFor(
        async () => {
          seen = await condition();
          return Boolean(seen) || ended !== undefined;
        },
        { describe, timeoutMs },
      );
    } catch (error) {
      throw new Error(`${(error as Error).message}\n${this.output}`, { cause: error });
    }
    if (seen) return seen;
    throw new Error(`ended (${ended?.signal ?? ended?.code}) before ${describe}\n${this.output}`);
  }

  /** Waits for its end. At the deadline it kills the tree and throws. */
  async waitForEnd(timeoutMs = 15_000): Promise<Ending> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((resolve) => (timer = setTimeout(resolve, timeoutMs, 'late')));
    const ending = await Promise.race([this.ended, late]);
    clearTimeout(timer);
    if (ending !== 'late') return ending;
    this.killTree();
    throw new Error(`did not end within ${timeoutMs} ms\n${this.output}`);
  }

  /** SIGKILL for it and all processes below it. */
  killTree(): void {
    for (const pid of processTree(this.pid)) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // The process has ended meanwhile.
      }
    }
  }
}
