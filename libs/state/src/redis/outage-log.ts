import type { StateHealth } from '../ports/health.ts';
import type { StoreLogEvent } from '../store-log.ts';
import { describeRedis } from './connection.ts';
import type { RedisOptions } from './options.ts';

/** If Redis answers within this time of the start, there was no outage. */
const START_GRACE_MS = 500;

/** Keeps the health of the store, and logs one line at the start and one at the end of an outage. */
export class OutageLog {
  health: StateHealth = {
    connected: false,
    since: Date.now(),
    outages: 0,
    latencyMs: null,
    detail: 'connecting',
  };
  readonly #where: string;
  readonly #log: (event: StoreLogEvent) => void;
  readonly #onChange: (health: StateHealth) => void;
  readonly #startGrace: NodeJS.Timeout;
  #isOut = false;
  #hasStarted = false;
  #reason = 'no answer';

  constructor(
    redis: RedisOptions,
    log: (event: StoreLogEvent) => void,
    onChange: (health: StateHealth) => void,
  ) {
    this.#where = describeRedis(redis);
    this.#log = log;
    this.#onChange = onChange;
    this.#startGrace = setTimeout(() => {
      this.#hasStarted = true;
      this.start(this.#reason);
    }, START_GRACE_MS);
    this.#startGrace.unref();
  }

  start(reason: string): void {
    this.#reason = reason;
    if (this.#isOut || !this.#hasStarted) return;
    this.#isOut = true;
    this.#change({ connected: false, outages: this.health.outages + 1, latencyMs: null, detail: reason });
    this.#log({
      event: 'state_lost',
      level: 'error',
      message: `${this.#where} cannot be reached (${reason}); requests are served, limits act as server.rate_limits.on_state_loss says; check that server, and redis.url`,
    });
  }

  end(): void {
    clearTimeout(this.#startGrace);
    this.#hasStarted = true;
    if (this.health.connected) return;
    const outForMs = Date.now() - this.health.since;
    const wasOut = this.#isOut;
    this.#isOut = false;
    this.#change({ connected: true, detail: '' });
    if (!wasOut) return;
    this.#log({
      event: 'state_back',
      level: 'info',
      message: `${this.#where} answers again after ${(outForMs / 1_000).toFixed(1)} s`,
    });
  }

  noteLatency(latencyMs: number): void {
    this.health = { ...this.health, latencyMs };
  }

  close(): void {
    clearTimeout(this.#startGrace);
  }

  #change(change: Partial<StateHealth>): void {
    this.health = { ...this.health, ...change, since: Date.now() };
    this.#onChange(this.health);
  }
}
