import { fork, type ChildProcess } from 'node:child_process';
import cluster from 'node:cluster';
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { Instance } from '@olla/core/instance';
import type { BuildInfo } from '@olla/admin-api/build-info';
import { answerProcessQuestions } from '@olla/admin-api/process-report';
import type { Settings } from '@olla/config/schema';
import { createHub, type Hub } from '@olla/state/create-hub';
import { reportEvent } from '@olla/state/report-event';
import type { Logger } from '@olla/telemetry/logger';
import type { DrainMessage, InitMessage } from '../process-messages.ts';
import { StartupError, type Claim } from './claim-port.ts';
import { StandInAgent } from './stand-in-agent.ts';
import { SupervisedChild } from './supervised-child.ts';
import { handOnUnaccepted } from './unaccepted-connections.ts';

export interface PrimaryOptions {
  readonly settings: Settings;
  readonly claim: Claim;
  readonly workers: number;
  readonly adminToken: string | null;
  readonly build: BuildInfo;
  readonly configHash: string;
  readonly log: Logger;
}

/** How long a child may take from its start to being ready, before start-up fails. */
const READY_TIMEOUT_MS = 20_000;
/**
 * Much of what a worker allocates lives for one request, or for a stream that is mostly silent. Left to itself V8 lets
 * the heap of a process on a large machine grow for speed that a relay does not have: these take a third off a
 * worker's memory under load (docs/performance.md).
 */
const LEAN_HEAP = ['--max-semi-space-size=4', '--heap-growing-percent=30'];
/** One arena for all threads, so that each can reuse memory that another has freed. */
const LEAN_MALLOC = { MALLOC_ARENA_MAX: process.env['MALLOC_ARENA_MAX'] ?? '1' };
/** Time after its own drain time at which a child is killed. */
const STOP_MARGIN_MS = 1_000;

/**
 * The primary of a gateway: it forks workers and agent, replaces those that crash, keeps the shared state (without
 * Redis), and stops everything in order. It relays nothing.
 */
export class GatewayPrimary {
  readonly self: Instance;
  readonly hub: Hub;
  readonly #options: PrimaryOptions;
  readonly #workers: SupervisedChild[] = [];
  #agent: SupervisedChild | null = null;
  #stopping = false;
  #standIn: StandInAgent | null = null;

  constructor(options: PrimaryOptions) {
    this.#options = options;
    this.self = identify('primary', process.pid, null, options);
    this.hub = createHub({
      self: this.self,
      redis: redisOf(options.settings),
      log: ({ level, message, fields }) => options.log[level](message, fields),
    });
  }

  /** Starts agent and workers; resolves when all of them serve. @throws StartupError */
  async start(): Promise<void> {
    const entry = process.argv[1];
    if (entry === undefined) throw new StartupError('the olla command was started without a script');
    // Connections go round the workers through the primary: a worker that dies takes none along that it had not
    // accepted, as it would with a listening socket of its own (docs/adr/0003).
    cluster.schedulingPolicy = cluster.SCHED_RR;
    cluster.setupPrimary({
      exec: entry,
      args: [],
      execArgv: [...process.execArgv, ...LEAN_HEAP],
      serialization: 'json',
    });
    if (this.#options.settings.discovery.agent === 'child') this.#agent = this.#superviseAgent(entry);
    else {
      this.#standIn = new StandInAgent({
        state: this.hub.state,
        supervise: () => this.#superviseAgent(entry),
      });
    }
    for (let n = 1; n <= this.#options.workers; n += 1) this.#workers.push(this.#superviseWorker(n));
    answerProcessQuestions(this.hub.state);
    this.#reportConfig();
    const children = [...this.#workers, ...(this.#agent === null ? [] : [this.#agent])];
    for (const child of children) child.start();
    await this.#allReady(children);
  }

  /** Drains: no new connections, running requests finish within server.shutdown_timeout. */
  async stop(): Promise<void> {
    const timeoutMs = this.#options.settings.server.shutdown_timeout;
    this.#stopping = true;
    // A signal to the whole group may end the agent before its message arrives.
    this.#agent?.retire();
    const drain: DrainMessage = { olla: 'drain', timeoutMs };
    await Promise.all(
      this.#workers.map((worker) =>
        worker.stop((child) => child.send(drain, ignoreClosed), timeoutMs + STOP_MARGIN_MS),
      ),
    );
    // The agent ends last, so that workers receive changes of endpoints until then.
    await this.#agent?.stop((child) => child.kill('SIGTERM'), STOP_MARGIN_MS);
    await this.#standIn?.stop();
    await this.hub.close();
  }

  killAll(): void {
    for (const child of [...this.#workers, this.#agent, this.#standIn]) child?.kill();
  }

  async #allReady(children: readonly SupervisedChild[]): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new Error(`not every process was ready within ${READY_TIMEOUT_MS / 1_000} s`)),
        READY_TIMEOUT_MS,
      );
    });
    try {
      await Promise.race([Promise.all(children.map((child) => child.firstReady)), late]);
    } catch (error) {
      this.killAll();
      throw new StartupError(error instanceof Error ? error.message : String(error), { cause: error });
    } finally {
      clearTimeout(timer);
    }
  }

  #reportConfig(): void {
    const { log, configHash } = this.#options;
    const { id } = this.self;
    const reason = 'read when the gateway started';
    const event = { kind: 'config', gateway: id, from: null, to: configHash, reason, by: id } as const;
    reportEvent({ events: this.hub.state.events, log }, event);
  }

  #superviseWorker(n: number): SupervisedChild {
    return this.#supervise(`worker ${n}`, () => {
      const worker = cluster.fork(LEAN_MALLOC);
      handOnUnaccepted(worker, () => this.#stopping);
      const child = worker.process;
      this.#introduce(child, identify('worker', child.pid ?? 0, this.self.id, this.#options), {
        listen: this.#options.claim,
        adminToken: this.#options.adminToken,
      });
      return child;
    });
  }

  #superviseAgent(entry: string): SupervisedChild {
    return this.#supervise('agent', () => {
      const child = fork(entry, [], { env: { ...process.env, OLLA_CHILD: 'agent' } });
      this.#introduce(child, identify('agent', child.pid ?? 0, this.self.id, this.#options), {});
      return child;
    });
  }

  #supervise(name: string, start: () => ChildProcess): SupervisedChild {
    const { log, settings } = this.#options;
    return new SupervisedChild({
      name,
      drainMs: settings.server.shutdown_timeout + STOP_MARGIN_MS,
      start,
      onRestart: ({ reason, delayMs }) =>
        log.error(`${name} ended (${reason}); starting it again`, { delay_ms: delayMs }),
    });
  }

  #introduce(child: ChildProcess, self: Instance, extra: Partial<InitMessage>): void {
    this.hub.attach(child, self);
    const { settings, build } = this.#options;
    const init: InitMessage = { olla: 'init', settings, self, build, redis: redisOf(settings), ...extra };
    child.send(init, ignoreClosed);
  }
}

function identify(
  role: Instance['role'],
  pid: number,
  gateway: string | null,
  { build, configHash }: Pick<PrimaryOptions, 'build' | 'configHash'>,
): Instance {
  const host = hostname();
  const id = `${host}:${pid}:${randomBytes(3).toString('hex')}`;
  const { version } = build;
  return { id, role, host, gateway: gateway ?? id, pid, version, startedAt: Date.now(), configHash };
}

function redisOf(settings: Settings): InitMessage['redis'] {
  return settings.redis.url === null ? null : { url: settings.redis.url, name: settings.redis.name };
}

/** The child may end before it receives the message. Its exit event is handled anyway. */
function ignoreClosed(): void {}
