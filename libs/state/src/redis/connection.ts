import { Redis } from 'ioredis';
import { StateError } from '../state-error.ts';
import type { RedisOptions } from './options.ts';
import type { Script } from './script.ts';

/** A connection without an answer for this long is replaced. */
const GIVE_UP_AFTER_MS = 1_000;
const CONNECT_TIMEOUT_MS = 2_000;
/** Hosts notice that Redis is back within this time of each other; meanwhile some still admit by their own share. */
const MAX_RETRY_DELAY_MS = 400;

export interface ConnectionEvents {
  /** Redis answers commands, for the first time or again. */
  onUp?(): void;
  /** Redis does not answer commands. */
  onDown?(reason: string): void;
}

export interface ScriptCall {
  readonly deadlineMs: number;
  readonly keys: readonly string[];
  readonly args: readonly (string | number)[];
}

/** The address of Redis for messages, without user and password. */
export function describeRedis(options: RedisOptions): string {
  try {
    const { protocol, host } = new URL(options.url);
    return `${protocol}//${host}`;
  } catch {
    // The error of an invalid URL contains the URL, and with it the password.
    return 'Redis (redis.url is not a URL)';
  }
}

/** Makes every client of Redis: standalone now; Sentinel, Cluster and TLS settings belong here. */
export function openClient(options: RedisOptions): Redis {
  return new Redis(options.url, {
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    // The subscriber subscribes again itself, because a failure of ioredis to do so is an unhandled rejection.
    autoResubscribe: false,
    maxRetriesPerRequest: 0,
    connectTimeout: CONNECT_TIMEOUT_MS,
    keepAlive: 10_000,
    // The primary became a replica; the next connection finds the new primary.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
    retryStrategy: (times) =>
      Math.min(MAX_RETRY_DELAY_MS, 25 * 2 ** Math.min(times, 4)) * (0.75 + Math.random() / 2),
  });
}

/**
 * Runs commands with deadlines. After one has missed its deadline, others fail at once until Redis answers anything, so
 * that only commands under way at the moment of failure wait.
 */
export class RedisConnection {
  readonly client: Redis;
  readonly #where: string;
  readonly #events: ConnectionEvents;
  #isUp = false;
  #isSuspect = false;
  #giveUp: NodeJS.Timeout | null = null;
  #lastError = 'not connected yet';
  #isClosed = false;
  /** Whether Redis has answered or failed once. */
  #hasStarted = false;
  #onStarted: (() => void)[] = [];

  constructor(options: RedisOptions, events: ConnectionEvents = {}) {
    this.#where = describeRedis(options);
    this.#events = events;
    this.client = openClient(options);
    // ioredis's messages name host and command, never the URL.
    this.client.on('error', (error: Error) => this.#noteDown(reasonOf(error)));
    this.client.on('close', () => this.#noteDown('the connection was closed'));
    this.client.on('ready', () => this.#noteAnswer());
  }

  get isUp(): boolean {
    return this.#isUp && !this.#isSuspect && this.client.status === 'ready';
  }

  /** Connects now rather than after the delay, because Redis is known to be back. */
  hurry(): void {
    if (this.#isClosed || this.client.status !== 'reconnecting') return;
    this.client.connect().catch(() => {
      // 'error' and 'close' report the failure, and the next attempt follows.
    });
  }

  /** Waits for the first answer of Redis, until it fails or the time is over. */
  async whenStarted(timeoutMs: number): Promise<void> {
    if (this.#hasStarted) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#onStarted.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  /** @throws StateError STATE_UNAVAILABLE at once if Redis is unreachable, STATE_TIMEOUT after the deadline */
  async run<T>(what: string, deadlineMs: number, command: (client: Redis) => Promise<T>): Promise<T> {
    // During the start Redis counts as reachable until the first failure.
    if (!this.#hasStarted) await this.whenStarted(deadlineMs);
    return await this.#runNow(what, deadlineMs, command);
  }

  #runNow<T>(what: string, deadlineMs: number, command: (client: Redis) => Promise<T>): Promise<T> {
    if (this.#isClosed)
      return Promise.reject(new StateError('STATE_CLOSED', `${what}: the shared state was closed`));
    if (!this.isUp) {
      return Promise.reject(
        new StateError('STATE_UNAVAILABLE', `${what}: ${this.#where} cannot be reached: ${this.#lastError}`),
      );
    }
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#suspect();
        reject(
          new StateError('STATE_TIMEOUT', `${what}: ${this.#where} did not answer within ${deadlineMs} ms`),
        );
      }, deadlineMs);
      command(this.client).then(
        (value) => {
          clearTimeout(timer);
          this.#noteAnswer();
          resolve(value);
        },
        (error: unknown) => {
          clearTimeout(timer);
          if (isReply(error)) this.#noteAnswer();
          reject(toStateError(what, this.#where, error));
        },
      );
    });
  }

  /** Has the contract of `run`. The reply has the type that the script's comment describes. */
  async runScript<Reply>(script: Script<Reply>, { deadlineMs, keys, args }: ScriptCall): Promise<Reply> {
    const reply: unknown = await this.run(script.name, deadlineMs, async (client) => {
      try {
        return await client.evalsha(script.sha, keys.length, ...keys, ...args);
      } catch (error) {
        // A restarted Redis has an empty script cache.
        if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
        return await client.eval(script.lua, keys.length, ...keys, ...args);
      }
    });
    return reply as Reply;
  }

  close(): void {
    this.#isClosed = true;
    this.#start();
    if (this.#giveUp !== null) clearTimeout(this.#giveUp);
    this.client.disconnect();
  }

  #suspect(): void {
    if (this.#isSuspect || this.#isClosed) return;
    this.#isSuspect = true;
    this.#lastError = 'it does not answer';
    this.#giveUp = setTimeout(() => {
      this.#noteDown(this.#lastError);
      this.client.disconnect(true);
    }, GIVE_UP_AFTER_MS);
    this.#giveUp.unref();
    // The answer to this or to any command under way shows that Redis is back.
    this.client.ping().then(
      () => this.#noteAnswer(),
      () => {
        // The connection broke; 'close' or 'error' reports it.
      },
    );
  }

  #start(): void {
    this.#hasStarted = true;
    for (const resolve of this.#onStarted) resolve();
    this.#onStarted = [];
  }

  #noteAnswer(): void {
    if (this.#giveUp !== null) clearTimeout(this.#giveUp);
    this.#giveUp = null;
    this.#isSuspect = false;
    if (this.#isUp || this.#isClosed || this.client.status !== 'ready') return;
    this.#isUp = true;
    this.#start();
    this.#events.onUp?.();
  }

  #noteDown(reason: string): void {
    if (this.#isClosed) return;
    // The first reason is more specific than the 'close' that follows it.
    if (this.#isUp || reason !== 'the connection was closed') this.#lastError = reason;
    if (this.#giveUp !== null && this.client.status !== 'ready') {
      clearTimeout(this.#giveUp);
      this.#giveUp = null;
      this.#isSuspect = false;
    }
    this.#isUp = false;
    this.#start();
    this.#events.onDown?.(this.#lastError);
  }
}

/** The reason in status and log: without the address, which `describeRedis` has for the log. */
function reasonOf(error: Error): string {
  if (error instanceof AggregateError && error.errors[0] instanceof Error) return reasonOf(error.errors[0]);
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
}

/** Whether a command failed because Redis cannot be reached or does not answer. */
export function isUnavailable(error: unknown): boolean {
  return (
    error instanceof StateError && (error.code === 'STATE_UNAVAILABLE' || error.code === 'STATE_TIMEOUT')
  );
}

/** Whether Redis itself rejected the command. */
function isReply(error: unknown): boolean {
  return error instanceof Error && error.name === 'ReplyError';
}

function toStateError(what: string, where: string, error: unknown): StateError {
  if (error instanceof StateError) return error;
  // rate-limiter-flexible rejects with plain objects, which become Errors here.
  const message = error instanceof Error ? error.message : 'no reason was given';
  const code = isReply(error) ? 'STATE_PROTOCOL' : 'STATE_UNAVAILABLE';
  return new StateError(code, `${what}: ${where}: ${message}`, { cause: error });
}
