import { Redis } from 'ioredis';
import { StateError } from '../state-error.ts';
import type { RedisOptions } from './options.ts';
import type { Script } from './script.ts';

/** Without an answer for this long, the connection is given up for a new one. */
const GIVE_UP_AFTER_MS = 1_000;
const CONNECT_TIMEOUT_MS = 2_000;
/** Hosts that find Redis again at different times admit by both their share and Redis for so long. */
const MAX_RETRY_DELAY_MS = 400;

export interface ConnectionEvents {
  /** Commands are answered: the first time, or again. */
  onUp?(): void;
  /** Commands are not answered. */
  onDown?(reason: string): void;
}

export interface ScriptCall {
  readonly deadlineMs: number;
  readonly keys: readonly string[];
  readonly args: readonly (string | number)[];
}

/** Where Redis is, for people; without user and password. */
export function describeRedis(options: RedisOptions): string {
  try {
    const { protocol, host } = new URL(options.url);
    return `${protocol}//${host}`;
  } catch {
    // The message of the URL's error would carry the URL, and with it the password.
    return 'Redis (redis.url is not a URL)';
  }
}

/** The one place that makes clients: standalone now; Sentinel, Cluster and TLS settings belong here. */
export function openClient(options: RedisOptions): Redis {
  return new Redis(options.url, {
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    // The subscriber does so itself: where ioredis subscribes again and fails, nobody catches the rejection.
    autoResubscribe: false,
    maxRetriesPerRequest: 0,
    connectTimeout: CONNECT_TIMEOUT_MS,
    keepAlive: 10_000,
    // A primary that became a replica: the next connection finds the new one.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
    retryStrategy: (times) =>
      Math.min(MAX_RETRY_DELAY_MS, 25 * 2 ** Math.min(times, 4)) * (0.75 + Math.random() / 2),
  });
}

/**
 * Commands with deadlines. Once one misses its deadline the connection is suspect, and others fail at once until
 * Redis answers anything: so only what was under way at the moment of failure waits.
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
    this.client.on('error', (error: Error) => this.#noteDown(error.message));
    this.client.on('close', () => this.#noteDown('the connection was closed'));
    this.client.on('ready', () => this.#noteAnswer());
  }

  get isUp(): boolean {
    return this.#isUp && !this.#isSuspect && this.client.status === 'ready';
  }

  /** Connects now rather than after the delay: somebody knows that Redis is back. */
  hurry(): void {
    if (this.#isClosed || this.client.status !== 'reconnecting') return;
    this.client.connect().catch(() => {
      // 'error' and 'close' tell, and the next attempt follows.
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

  /** @throws StateError STATE_UNAVAILABLE at once if Redis is away, STATE_TIMEOUT after the deadline */
  async run<T>(what: string, deadlineMs: number, command: (client: Redis) => Promise<T>): Promise<T> {
    // While the process starts, Redis is not away yet.
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

  /** Same contract as `run`. The reply has the type that the script's own comment describes. */
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
    // Its answer, whenever it comes, ends the suspicion; commands that are under way do so too.
    this.client.ping().then(
      () => this.#noteAnswer(),
      () => {
        // The connection broke: 'close' or 'error' tells.
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
    // The first reason tells more than the 'close' that follows it.
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

/** Whether a command failed because Redis cannot be reached or does not answer, rather than of itself. */
export function isAway(error: unknown): boolean {
  return (
    error instanceof StateError && (error.code === 'STATE_UNAVAILABLE' || error.code === 'STATE_TIMEOUT')
  );
}

/** Whether Redis itself said no, rather than the connection. */
function isReply(error: unknown): boolean {
  return error instanceof Error && error.name === 'ReplyError';
}

function toStateError(what: string, where: string, error: unknown): StateError {
  if (error instanceof StateError) return error;
  // rate-limiter-flexible rejects with plain objects; whatever came, an Error leaves.
  const message = error instanceof Error ? error.message : 'no reason was given';
  const code = isReply(error) ? 'STATE_PROTOCOL' : 'STATE_UNAVAILABLE';
  return new StateError(code, `${what}: ${where}: ${message}`, { cause: error });
}
