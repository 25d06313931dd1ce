import { setTimeout as delay } from 'node:timers/promises';
import type { BackendProfile } from '@olla/backends/profile';
import { DEFAULT_PROFILE } from '@olla/backends/table';
import type { EndpointSettings } from '@olla/config/schema';
import { endpointKey } from '@olla/core/endpoint-key';
import { isServingState } from '@olla/core/endpoint-status';
import type { EndpointLoad, EndpointModel, EndpointSnapshot } from '@olla/core/snapshot';
import { checkEndpoint, checksByList, lookAtType } from './check-endpoint.ts';
import { EndpointClient } from './endpoint-client.ts';
import {
  nextCheckDelayMs,
  nextHealth,
  unknownHealth,
  type CheckOutcome,
  type EndpointHealth,
} from './endpoint-health.ts';
import { EndpointType } from './endpoint-type.ts';
import { isNearby } from './is-nearby.ts';
import { ModelRegistry } from './model-registry.ts';
import type { MonitorOptions } from './monitor-options.ts';
import { repeat, type Repeater } from './repeat.ts';
import { SignalReadings, toEndpointLoad } from './signal-readings.ts';

/** Delay until lists and load signals of an endpoint that does not serve are considered again. */
const IDLE_MS = 1_000;
/** A server without requests for this long may go to sleep: the agent sends nothing that would keep it awake. */
const IDLE_AFTER_MS = 10_000;
/** Shortest interval between two health checks of a healthy service elsewhere. */
const SELDOM_MS = 30_000;

/** Watches one endpoint: health, models and load signals, each on its own schedule. */
export class EndpointMonitor {
  readonly endpoint: EndpointSettings;
  readonly key: string;
  readonly #options: MonitorOptions;
  readonly #client: EndpointClient;
  readonly #signals = new SignalReadings();
  readonly #registry: ModelRegistry;
  readonly #repeaters: { checks: Repeater; lists: Repeater; loads: Repeater; types: Repeater };
  readonly #type: EndpointType;
  #health: EndpointHealth;
  #load: EndpointLoad | null = null;
  #isSleeping = false;
  /** Time at which the endpoint last had requests, of this cluster or of others. */
  #busyAt = Date.now();
  #inFlight = 0;
  #serverVersion: string | null = null;
  #refreshRequested = false;
  #refresh = 0;
  #listedAfterRefresh = 0;
  #servedAt = Date.now();
  #publishNextCheck = false;
  #stopped = false;

  constructor(options: MonitorOptions) {
    const { endpoint, known, log } = options;
    this.endpoint = endpoint;
    this.key = endpointKey(endpoint.name, endpoint.url, endpoint.type);
    this.#options = options;
    this.#client = new EndpointClient(endpoint, options.userAgent);
    this.#type = EndpointType.of(endpoint, known?.snapshot ?? null);
    this.#health = known === undefined ? unknownHealth(Date.now()) : healthOf(known.snapshot);
    this.#registry = new ModelRegistry({
      client: this.#client,
      discovery: options.discovery,
      log,
      listSemaphore: options.listSemaphore,
      onChange: options.onChange,
      known: known === undefined ? null : { models: known.models, modelsAt: known.snapshot.modelsAt },
    });
    this.#serverVersion = known?.snapshot.serverVersion ?? null;
    const onError = (error: unknown): void =>
      log.error(`endpoint ${endpoint.name}: a fault of the agent ended a probe, which is repeated`, {
        error: String(error),
      });
    this.#repeaters = {
      checks: repeat(() => this.#check(), onError),
      lists: repeat(() => this.#listModels(), onError, IDLE_MS),
      loads: repeat(() => this.#readLoad(), onError, 1),
      types: repeat(() => this.#lookAtType(), onError, IDLE_MS),
    };
  }

  /** Whether at least one check has ended since the start. */
  get isChecked(): boolean {
    return this.#health.checkedAt !== null;
  }

  get profile(): BackendProfile {
    return this.#type.profile ?? DEFAULT_PROFILE;
  }

  get models(): readonly EndpointModel[] {
    return this.#registry.models;
  }

  snapshot(): EndpointSnapshot {
    const { state, reason, since, checkedAt, latencyMs } = this.#health;
    return {
      name: this.endpoint.name,
      key: this.key,
      type: this.profile.type,
      state,
      reason: reason || this.#registry.problem || (this.#isSleeping ? 'sleeping' : ''),
      since,
      checkedAt,
      nextCheckAt: this.#repeaters.checks.nextAt(),
      checkLatencyMs: latencyMs === null ? null : Math.round(latencyMs * 10) / 10,
      modelsAt: this.#registry.listedAt,
      listedAfterRefresh: this.#listedAfterRefresh,
      load: this.#load,
      serverVersion: this.#serverVersion,
    };
  }

  /**
   * Checks the endpoint now and publishes the outcome at once, even if nothing has changed. If a check is running,
   * another one follows it.
   */
  checkNow(): void {
    this.#publishNextCheck = true;
    this.#repeaters.checks.trigger();
  }

  /** @param inFlight number of all workers' requests at the endpoint now */
  noteInFlight(inFlight: number): void {
    const wasIdle = this.#isIdle;
    this.#inFlight = inFlight;
    if (inFlight === 0) return;
    this.#busyAt = Date.now();
    if (!wasIdle) return;
    // The server may have slept since the last readings, so all of them are made again.
    this.#signals.reset();
    this.#isSleeping = false;
    this.#repeaters.loads.trigger();
  }

  /** Checks the endpoint, lists its models in full and reads its load signals, now. */
  refresh(count: number): void {
    this.#refresh = count;
    this.#refreshRequested = true;
    this.#signals.reset();
    this.#repeaters.checks.trigger();
    this.#repeaters.lists.trigger();
    this.#repeaters.loads.trigger();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#registry.close();
    for (const repeater of Object.values(this.#repeaters)) repeater.stop();
    await this.#client.close();
  }

  async #check(): Promise<number> {
    const { check_timeout: timeoutMs, check_interval: intervalMs } = this.endpoint;
    if (this.#pauseMs > 0) return this.#pauseMs;
    const wasServing = isServingState(this.#health.state);
    const before = this.#type.profile;
    const checked = await checkEndpoint(this.#client, this.#type, {
      isBack: !wasServing,
      timeoutMs,
      filter: this.#options.profileFilter,
    });
    if (this.#stopped) return intervalMs;
    if (before !== null && this.#type.profile !== before) this.#takeType();
    if (checked.isLeftOut) this.#registry.forget();
    let outcome = checked.outcome;
    // A server that is back may have other models: they are listed before it gets requests.
    if (outcome.kind === 'passed' && this.#options.discovery.enabled) {
      if (!wasServing) this.#signals.reset();
      if (checked.models !== null) this.#registry.take(checked.models);
      else if (!wasServing) outcome = (await this.#registry.list(this.profile, 'full')) ?? outcome;
    }
    if (this.#stopped) return intervalMs;
    this.#applyHealth(nextHealth(this.#health, outcome, { now: Date.now(), timeoutMs }));
    return nextCheckDelayMs(this.#health, this.#checkIntervalMs, Date.now(), Math.random());
  }

  /** Looks at a server whose type is not certain yet. */
  async #lookAtType(): Promise<number> {
    if (!this.#type.isOpen || !isServingState(this.#health.state)) return IDLE_MS;
    if (this.#pauseMs > 0) return this.#pauseMs;
    const before = this.profile;
    await lookAtType(this.#client, this.#type, this.#type.nextTimeoutMs(this.endpoint.check_timeout));
    if (!this.#stopped && this.profile !== before) {
      this.#takeType();
      this.checkNow();
    }
    return this.#type.nextPauseMs;
  }

  /** The server is of another type than it was taken for: what was read of it may be wrong. */
  #takeType(): void {
    this.#signals.reset();
    this.#registry.reset();
    this.#serverVersion = null;
    this.#load = null;
    this.#refreshRequested = true;
    this.#repeaters.lists.trigger();
    this.#repeaters.loads.trigger();
  }

  /**
   * A service elsewhere whose health check is its model list is checked seldom, because its traffic shows its health.
   */
  get #checkIntervalMs(): number {
    const { check_interval: intervalMs } = this.endpoint;
    const isSeldom = checksByList(this.endpoint, this.profile) && !isNearby(this.endpoint.url);
    return isSeldom && this.#health.state === 'healthy' ? Math.max(intervalMs, SELDOM_MS) : intervalMs;
  }

  /** Milliseconds until the backend accepts requests of the agent again; 0 for at once. */
  get #pauseMs(): number {
    return this.#refreshRequested ? 0 : Math.max(0, (this.#health.retryAt ?? 0) - Date.now());
  }

  #applyHealth(health: EndpointHealth): void {
    const before = this.#health;
    const mustPublish = this.#publishNextCheck;
    this.#publishNextCheck = false;
    this.#health = health;
    if (isServingState(health.state)) this.#servedAt = Date.now();
    else this.#load = null;
    if (Date.now() - this.#servedAt > this.#options.forgetAfterMs) this.#registry.forget();
    if (before.state === health.state) {
      this.#options.onChange(mustPublish || before.reason !== health.reason ? 'state' : 'figures');
      return;
    }
    const { reason, detail } = health;
    this.#options.onState({ from: before.state, to: health.state, reason, detail });
    if (!isServingState(before.state) && isServingState(health.state)) this.#repeaters.loads.trigger();
    this.#options.onChange('state');
  }

  async #listModels(): Promise<number> {
    const { discovery } = this.#options;
    if (!discovery.enabled || !isServingState(this.#health.state)) return IDLE_MS;
    if (this.#pauseMs > 0) return this.#pauseMs;
    const isQuick = this.profile.modelsChange && isNearby(this.endpoint.url);
    const isFull = this.#registry.isDue || this.#refreshRequested;
    if (!isFull && !isQuick) {
      await this.#registry.addDetails(this.profile);
      return this.#registry.nextListDelayMs(isQuick);
    }
    this.#refreshRequested = false;
    const refresh = this.#refresh;
    let denied: CheckOutcome | null = null;
    for (let attempt = 0; attempt <= (isFull ? discovery.retry_attempts : 0); attempt += 1) {
      if (attempt > 0) await delay(discovery.retry_backoff * 2 ** (attempt - 1), undefined, { ref: false });
      if (this.#stopped || !isServingState(this.#health.state)) break;
      denied = await this.#registry.list(this.profile, isFull ? 'full' : 'light');
      if (denied !== null || this.#registry.problem === '') break;
    }
    if (this.#stopped) return IDLE_MS;
    if (isFull && denied === null && this.#registry.problem === '') this.#listedAfterRefresh = refresh;
    if (denied !== null) {
      const { check_timeout: timeoutMs } = this.endpoint;
      this.#applyHealth(nextHealth(this.#health, denied, { now: Date.now(), timeoutMs }));
    } else {
      await this.#registry.addDetails(this.profile);
    }
    return this.#registry.nextListDelayMs(isQuick);
  }

  get #isIdle(): boolean {
    return this.#inFlight === 0 && Date.now() - this.#busyAt > IDLE_AFTER_MS;
  }

  async #readLoad(): Promise<number> {
    if (!isServingState(this.#health.state)) return IDLE_MS;
    if (this.#pauseMs > 0) return this.#pauseMs;
    const { check_timeout: timeoutMs } = this.endpoint;
    const options = { isIdle: this.#isIdle, timeoutMs, now: Date.now };
    const nextMs = await this.#signals.readDue(this.#client, this.profile, options);
    if (this.#stopped) return nextMs;
    const merged = this.#signals.merged(Date.now());
    const isUsable = merged !== null && isServingState(this.#health.state);
    this.#load = isUsable ? toEndpointLoad(merged.reading, merged.at) : null;
    if (merged !== null) {
      const { running = 0, queued = 0, sleeping = false } = merged.reading;
      if (running > 0 || queued > 0 || this.#inFlight > 0) this.#busyAt = Date.now();
      const isSleeping = sleeping && this.#inFlight === 0;
      if (isSleeping !== this.#isSleeping) {
        this.#isSleeping = isSleeping;
        this.#options.onChange('state');
      }
      this.#serverVersion = merged.reading.serverVersion ?? this.#serverVersion;
      this.#registry.applySignals(merged.reading);
      if (this.#load !== null) this.#options.onChange('figures');
    }
    return nextMs;
  }
}

/** The health that an earlier leader published. Its state is in force until this monitor's first check ends. */
function healthOf({ state, reason, since }: EndpointSnapshot): EndpointHealth {
  return { ...unknownHealth(since), state, reason, since };
}
