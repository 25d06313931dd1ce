import type { ChildProcess } from 'node:child_process';
import { performance } from 'node:perf_hooks';
import { isMessage, type FailedMessage, type FaultMessage, type ReadyMessage } from '../process-messages.ts';
import { countCrash, restartDelayMs } from './restart-policy.ts';

export interface ChildSpec {
  /** For logs: `worker 1`, `agent`. */
  readonly name: string;
  /** How long a child may finish its requests after a fault, before it is killed. */
  readonly drainMs: number;
  /** Starts the process and gives it all that it needs. Called again after each crash. */
  readonly start: () => ChildProcess;
  readonly onRestart: (info: {
    readonly name: string;
    readonly reason: string;
    readonly delayMs: number;
  }) => void;
}

/**
 * Supervises one child of the primary. It is started again with backoff when it ends unasked, or when it reports a
 * fault; then it finishes its requests while its successor runs. A crash before it was ready for the first time is a
 * failure to start, which rejects `firstReady`.
 */
export class SupervisedChild {
  readonly name: string;
  readonly firstReady: Promise<void>;
  readonly #spec: ChildSpec;
  #process: ChildProcess | null = null;
  /** Children that reported a fault and finish their requests. */
  readonly #leaving = new Set<ChildProcess>();
  #timer: NodeJS.Timeout | null = null;
  #crashes = 0;
  #startedAt = 0;
  #wasReady = false;
  #stopping = false;
  #failure = '';
  #resolveReady: () => void = () => undefined;
  #rejectReady: (error: Error) => void = () => undefined;

  constructor(spec: ChildSpec) {
    this.#spec = spec;
    this.name = spec.name;
    this.firstReady = new Promise((resolve, reject) => {
      this.#resolveReady = resolve;
      this.#rejectReady = reject;
    });
    // Without a waiting caller the rejection must not count as unhandled.
    this.firstReady.catch(() => undefined);
  }

  get process(): ChildProcess | null {
    return this.#process;
  }

  start(): void {
    this.#startedAt = performance.now();
    const child = this.#spec.start();
    this.#process = child;
    child.on('message', (message: unknown) => {
      if (isMessage<ReadyMessage>(message, 'ready')) {
        this.#wasReady = true;
        this.#resolveReady();
      } else if (isMessage<FailedMessage>(message, 'failed')) this.#failure = message.message;
      else if (isMessage<FaultMessage>(message, 'fault')) this.#retire(child, message.message);
    });
    child.on('error', (error) => (this.#failure = error.message));
    child.once('exit', (code, signal) => {
      if (!this.#leaving.delete(child)) this.#onExit(code, signal);
    });
  }

  /** No restart from here on, whenever it ends. */
  retire(): void {
    this.#stopping = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  /** No restart from here on. Resolves when the process has ended; kills it after `timeoutMs`. */
  async stop(ask: (child: ChildProcess) => void, timeoutMs: number): Promise<void> {
    this.retire();
    const children = [...this.#leaving, ...(this.#process === null ? [] : [this.#process])];
    await Promise.all(children.map((child) => this.#end(child, ask, timeoutMs)));
  }

  async #end(child: ChildProcess, ask: (child: ChildProcess) => void, timeoutMs: number): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    ask(child);
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    await gone;
    clearTimeout(timer);
  }

  kill(): void {
    this.retire();
    for (const child of [...this.#leaving, this.#process]) child?.kill('SIGKILL');
  }

  /** It finishes its requests; new connections go to its successor. */
  #retire(child: ChildProcess, reason: string): void {
    if (this.#stopping || !this.#wasReady || child !== this.#process) return;
    this.#leaving.add(child);
    const timer = setTimeout(() => child.kill('SIGKILL'), this.#spec.drainMs);
    child.once('exit', () => clearTimeout(timer));
    this.#failure = reason;
    this.#onExit(null, null);
  }

  #onExit(code: number | null, signal: NodeJS.Signals | null): void {
    this.#process = null;
    if (this.#stopping) return;
    const reason = this.#failure || (signal === null ? `exit code ${code}` : `signal ${signal}`);
    this.#failure = '';
    if (!this.#wasReady) {
      this.#stopping = true;
      this.#rejectReady(new Error(`${this.name} could not start: ${reason}`));
      return;
    }
    this.#crashes = countCrash(this.#crashes, performance.now() - this.#startedAt);
    const delayMs = restartDelayMs(Math.max(0, this.#crashes - 1));
    this.#spec.onRestart({ name: this.name, reason, delayMs });
    this.#timer = setTimeout(() => this.start(), delayMs);
  }
}
