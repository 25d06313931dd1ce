import { setTimeout as delay } from 'node:timers/promises';
import type { BackendProfile } from '@olla/backends/profile';
import { profileOf } from '@olla/backends/table';
import type { EndpointSettings, Settings } from '@olla/config/schema';
import { endpointKey } from '@olla/core/endpoint-key';
import type { EndpointLoad, EndpointModel, EndpointSnapshot } from '@olla/core/snapshot';
import type { AgentLog } from './agent-log.ts';
import type { ChangeKind } from './change-kind.ts';
import { checkEndpoint } from './check-endpoint.ts';
import { isRoutable, nextCheckDelayMs, nextHealth, unknownHealth } from './endpoint-health.ts';
import type { CheckOutcome, EndpointHealth } from './endpoint-health.ts';
import { EndpointLink } from './endpoint-link.ts';
import type { Gate } from './gate.ts';
import { ModelBook } from './model-book.ts';
import { IDLE_SIGNALS_MS, loadOf, SignalBook } from './read-signals.ts';
import { repeat } from './repeat.ts';
import type { Repeater } from './repeat.ts';

export interface MonitorOptions {
  readonly endpoint: EndpointSettings;
  readonly discovery: Settings['discovery']['model_discovery'];
  readonly userAgent: string;
  /** Models of an endpoint that was away for longer are forgotten. */
  readonly forgetAfterMs: number;
  readonly log: AgentLog;
  /** Bounds the lists of all endpoints that run at once. */
  readonly listGate: Gate;
  readonly onChange: (kind: ChangeKind) => void;
  /** What was known before, from the snapshot of an earlier leader. */
  readonly known?: { readonly snapshot: EndpointSnapshot; readonly models: readonly EndpointModel[] };
}

/** Watches one endpoint: its health, its models and its load, each on a schedule of its own. */
export class EndpointMonitor {
  readonly endpoint: EndpointSettings;
  readonly key: string;
  readonly #options: MonitorOptions;
  readonly #link: EndpointLink;
  readonly #signals = new SignalBook();
  readonly #book: ModelBook;
  readonly #repeaters: { checks: Repeater; lists: Repeater; loads: Repeater };
  #profile: BackendProfile | null;
  #health: EndpointHealth;
  #load: EndpointLoad | null = null;
  #serverVersion: string | null = null;
  #relistAll = false;
  #servedAt = Date.now();
  #announce = false;
  #stopped = false;

  constructor(options: MonitorOptions) {
    const { endpoint, known, log } = options;
    this.endpoint = endpoint;
    this.key = endpointKey(endpoint.name, endpoint.url, endpoint.type);
    this.#options = options;
    this.#link = new EndpointLink(endpoint, options.userAgent);
    this.#profile = endpoint.type === 'auto' ? null : profileOf(endpoint.type);
    this.#health = known === undefined ? unknownHealth(Date.now()) : resumeHealth(known.snapshot);
    this.#book = new ModelBook({
      link: this.#link,
      discovery: options.discovery,
      log,
      listGate: options.listGate,
      onChange: options.onChange,
      known: known === undefined ? null : { models: known.models, modelsAt: known.snapshot.modelsAt },
    });
    this.#serverVersion = known?.snapshot.serverVersion ?? null;
    const onFault = (error: unknown): void =>
      log.error(`endpoint ${endpoint.name}: a check failed of itself and goes on`, { error: String(error) });
    this.#repeaters = {
      checks: repeat(() => this.#check(), onFault),
      lists: repeat(() => this.#relist(), onFault, IDLE_SIGNALS_MS),
      loads: repeat(() => this.#readLoad(), onFault, 1),
    };
  }

  /** Whether at least one check has come back since the start. */
  get checked(): boolean {
    return this.#health.checkedAt !== null;
  }

  get profile(): BackendProfile {
    return this.#profile ?? profileOf('openai-compatible');
  }

  get models(): readonly EndpointModel[] {
    return this.#book.models;
  }

  snapshot(): EndpointSnapshot {
    const { state, reason, since, checkedAt, latencyMs } = this.#health;
    return {
      name: this.endpoint.name,
      key: this.key,
      type: this.profile.type,
      state,
      reason: reason === '' ? this.#book.problem : reason,
      since,
      checkedAt,
      nextCheckAt: this.#repeaters.checks.nextAt(),
      checkLatencyMs: latencyMs === null ? null : Math.round(latencyMs * 10) / 10,
      modelsAt: this.#book.listedAt,
      load: this.#load,
      serverVersion: this.#serverVersion,
    };
  }

  /** Checks the endpoint now and tells the outcome at once, changed or not; a check under way is followed by another. */
  checkNow(): void {
    this.#announce = true;
    this.#repeaters.checks.trigger();
  }

  /** Checks the endpoint and lists its models with all details, now. */
  refresh(): void {
    this.#relistAll = true;
    this.#signals.reset();
    this.#repeaters.checks.trigger();
    this.#repeaters.lists.trigger();
    this.#repeaters.loads.trigger();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#book.close();
    for (const repeater of Object.values(this.#repeaters)) repeater.stop();
    await this.#link.close();
  }

  async #check(): Promise<number> {
    const { check_timeout: timeoutMs, check_interval: intervalMs } = this.endpoint;
    const pauseMs = (this.#health.retryAt ?? 0) - Date.now();
    if (pauseMs > 0 && !this.#relistAll) return pauseMs;
    const wasRoutable = isRoutable(this.#health.state);
    const checked = await checkEndpoint(
      this.#link,
      wasRoutable ? this.#profile : this.#knownProfile(),
      timeoutMs,
    );
    if (this.#stopped) return intervalMs;
    if (checked.profile !== null) this.#profile = checked.profile;
    let outcome = checked.outcome;
    // A server that comes back may have other models: they are listed before it gets requests.
    if (outcome.kind === 'ok' && !wasRoutable && this.#options.discovery.enabled) {
      this.#signals.reset();
      outcome = (await this.#book.list(this.profile, 'full')) ?? outcome;
    }
    if (this.#stopped) return intervalMs;
    this.#settle(nextHealth(this.#health, outcome, { now: Date.now(), timeoutMs }));
    return nextCheckDelayMs(this.#health, intervalMs, Date.now(), Math.random());
  }

  /** An `auto` endpoint that was away may be another kind of server now. */
  #knownProfile(): BackendProfile | null {
    return this.endpoint.type === 'auto' ? null : this.#profile;
  }

  #settle(health: EndpointHealth): void {
    const before = this.#health;
    const announce = this.#announce;
    this.#announce = false;
    this.#health = health;
    if (isRoutable(health.state)) this.#servedAt = Date.now();
    else this.#load = null;
    if (Date.now() - this.#servedAt > this.#options.forgetAfterMs) this.#book.forget();
    if (before.state === health.state) {
      this.#options.onChange(announce || before.reason !== health.reason ? 'state' : 'figures');
      return;
    }
    const { name, url } = this.endpoint;
    const fields = { endpoint: name, from: before.state, to: health.state, reason: health.reason };
    const why = health.reason === '' ? '' : `: ${health.reason}`;
    const message = `endpoint ${name} (${url}) is ${health.state}${why}`;
    // What a start finds is told by the start itself.
    if (isRoutable(health.state))
      this.#options.log[fields.from === 'unknown' ? 'debug' : 'info'](message, fields);
    else this.#options.log.warn(message, fields);
    if (!isRoutable(before.state) && isRoutable(health.state)) this.#repeaters.loads.trigger();
    this.#options.onChange('state');
  }

  async #relist(): Promise<number> {
    const { discovery } = this.#options;
    if (!discovery.enabled || !isRoutable(this.#health.state)) return IDLE_SIGNALS_MS;
    const full = this.#book.due || this.#relistAll;
    this.#relistAll = false;
    let refused: CheckOutcome | null = null;
    for (let attempt = 0; attempt <= (full ? discovery.retry_attempts : 0); attempt += 1) {
      if (attempt > 0) await delay(discovery.retry_backoff * 2 ** (attempt - 1), undefined, { ref: false });
      if (this.#stopped || !isRoutable(this.#health.state)) break;
      refused = await this.#book.list(this.profile, full ? 'full' : 'light');
      if (refused !== null || this.#book.problem === '') break;
    }
    if (this.#stopped) return IDLE_SIGNALS_MS;
    if (refused !== null) {
      const { check_timeout: timeoutMs } = this.endpoint;
      this.#settle(nextHealth(this.#health, refused, { now: Date.now(), timeoutMs }));
    } else {
      await this.#book.addDetails(this.profile);
    }
    return this.#book.nextListMs;
  }

  async #readLoad(): Promise<number> {
    if (!isRoutable(this.#health.state)) return IDLE_SIGNALS_MS;
    const nextMs = await this.#signals.readDue(
      this.#link,
      this.profile,
      this.endpoint.check_timeout,
      Date.now,
    );
    if (this.#stopped) return nextMs;
    const merged = this.#signals.merged(Date.now());
    this.#load =
      merged === null || !isRoutable(this.#health.state) ? null : loadOf(merged.reading, merged.at);
    if (merged !== null) {
      this.#serverVersion = merged.reading.serverVersion ?? this.#serverVersion;
      this.#book.applySignals(merged.reading);
      if (this.#load !== null) this.#options.onChange('figures');
    }
    return nextMs;
  }
}

/** Health known from an earlier leader: its state stands until the first check here says otherwise. */
function resumeHealth(snapshot: EndpointSnapshot): EndpointHealth {
  const { state, reason, since } = snapshot;
  return { ...unknownHealth(since), state, reason, since };
}
