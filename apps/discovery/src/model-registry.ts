import type { BackendProfile, SignalReading } from '@olla/backends/profile';
import { matchesFilter } from '@olla/config/glob';
import type { Settings } from '@olla/config/schema';
import { smallestKnown } from '@olla/core/smallest-known';
import type { EndpointModel } from '@olla/core/snapshot';
import type { AgentLog } from './agent-log.ts';
import { applyResidency } from './apply-residency.ts';
import type { ChangeKind } from './change-kind.ts';
import type { EndpointClient } from './endpoint-client.ts';
import type { CheckOutcome } from './endpoint-health.ts';
import { listModels, type ListResult } from './list-models.ts';
import { JITTER, nextListDelayMs } from './next-list-delay.ts';
import { readDetails } from './read-details.ts';
import type { Semaphore } from './semaphore.ts';

export interface ModelRegistryOptions {
  readonly client: EndpointClient;
  readonly discovery: Settings['discovery']['model_discovery'];
  readonly log: AgentLog;
  /** Bounds the full lists of all endpoints that run at once. */
  readonly listSemaphore: Semaphore;
  readonly onChange: (kind: ChangeKind) => void;
  /** The models that an earlier leader had published; null if there are none. */
  readonly known: { readonly models: readonly EndpointModel[]; readonly modelsAt: number | null } | null;
}

/** Pause before the next try after a server has not responded to a request for details. */
const DETAILS_PAUSE_MS = 30_000;

/** The models of one endpoint, merged from its model list, its model details and its load signals. */
export class ModelRegistry {
  readonly #options: ModelRegistryOptions;
  readonly #details = new Map<string, EndpointModel>();
  #models: readonly EndpointModel[];
  #listedAt: number | null;
  #listTookMs = 0;
  #problem = '';
  #detailsNotBefore = 0;
  #hasFurtherList = true;
  /** The context length that a load signal reported for requests. */
  #contextLimit: number | null = null;
  #closed = false;

  constructor(options: ModelRegistryOptions) {
    this.#options = options;
    this.#models = options.known?.models ?? [];
    this.#listedAt = options.known?.modelsAt ?? null;
  }

  get models(): readonly EndpointModel[] {
    return this.#models;
  }

  /** Time of the last full list in epoch milliseconds; null before the first one. */
  get listedAt(): number | null {
    return this.#listedAt;
  }

  /** The reason why the last full list failed, for people; '' if it did not. */
  get problem(): string {
    return this.#problem;
  }

  /** Whether a full list is due. */
  get isDue(): boolean {
    const ageMs = this.#listedAt === null ? Number.POSITIVE_INFINITY : Date.now() - this.#listedAt;
    return ageMs >= this.#options.discovery.interval * (1 - JITTER) || this.#problem !== '';
  }

  /** Milliseconds until the next list, full or light. @param isQuick whether models may change at any time */
  nextListDelayMs(isQuick: boolean): number {
    const { interval: intervalMs } = this.#options.discovery;
    const timing = { intervalMs, isQuick, tookMs: this.#listTookMs, failed: this.#problem !== '' };
    return nextListDelayMs(timing, Math.random());
  }

  /** Forgets what was read beside the list: the server is of another type than it was taken for. */
  reset(): void {
    this.#details.clear();
    this.#hasFurtherList = true;
    this.#contextLimit = null;
    this.#problem = '';
  }

  /** Applies a full list that a health check returned. */
  take(models: readonly EndpointModel[]): void {
    const isFirst = this.#listedAt === null || this.#problem !== '';
    this.#problem = '';
    this.#listedAt = Date.now();
    this.#merge(models);
    if (isFirst) this.#options.onChange('state');
  }

  /** Ends it: results of requests that are still running are dropped. */
  close(): void {
    this.#closed = true;
  }

  forget(): void {
    if (this.#models.length > 0) this.#replace([]);
  }

  /**
   * Lists the models of the endpoint. The failure of a full list is reported; that of a light list is not, because the
   * next one follows soon.
   *
   * @returns the outcome for the endpoint's health when the list was denied, else null
   */
  async list(profile: BackendProfile, scope: 'full' | 'light'): Promise<CheckOutcome | null> {
    const { listSemaphore, onChange } = this.#options;
    const isFull = scope === 'full';
    const request = (): Promise<ListResult> => this.#request(profile, isFull || this.#hasFurtherList);
    const result = await (isFull ? listSemaphore.run(request) : request());
    if (this.#closed) return null;
    if (result.kind === 'denied') return { ...result, kind: 'failed' };
    if (result.kind === 'failed') {
      if (isFull) this.#report(result.reason);
      return null;
    }
    this.#problem = '';
    this.#hasFurtherList = result.hasFurtherList;
    if (isFull) this.#listedAt = Date.now();
    this.#merge(result.models);
    // A request under routing_strategy `discovery` waits for a newer `listedAt`, even if the list has nothing new.
    if (isFull) onChange('state');
    return null;
  }

  /** Reads the details of new models that the list lacks. Never rejects. */
  async addDetails({ details: reader }: BackendProfile): Promise<void> {
    const { client } = this.#options;
    if (reader === null || Date.now() < this.#detailsNotBefore) return;
    const unread = this.#models.filter(
      (model) => !this.#details.has(detailKey(model)) && reader.wanted(model),
    );
    if (unread.length === 0) return;
    const { read, interrupted } = await readDetails(client, reader, unread, client.endpoint.check_timeout);
    if (this.#closed) return;
    // Only details wait after a missing response. The next model list is made in time.
    if (interrupted) this.#detailsNotBefore = Date.now() + DETAILS_PAUSE_MS;
    const current = new Set(this.#models.map(detailKey));
    for (const key of this.#details.keys()) if (!current.has(key)) this.#details.delete(key);
    for (const [model, detailed] of read) this.#details.set(detailKey(model), detailed);
    this.#merge(this.#models);
  }

  /** Applies the residency of a reading. */
  applySignals(reading: SignalReading): void {
    this.#contextLimit = reading.contextLength ?? this.#contextLimit;
    const models = applyResidency(this.#models, reading);
    if (models !== this.#models) this.#replace(models);
  }

  async #request(profile: BackendProfile, further: boolean): Promise<ListResult> {
    const startedAt = performance.now();
    const { client, discovery } = this.#options;
    const result = await listModels(client, profile, { timeoutMs: discovery.timeout, further });
    this.#listTookMs = performance.now() - startedAt;
    return result;
  }

  #report(reason: string): void {
    const { client, log, onChange } = this.#options;
    const problem = `its models could not be listed: ${reason}. Set model_url if the list has another path`;
    if (problem === this.#problem) return;
    this.#problem = problem;
    log.warn(`endpoint ${client.endpoint.name}: ${problem}`, { endpoint: client.endpoint.name });
    onChange('state');
  }

  #merge(listed: readonly EndpointModel[]): void {
    const filter = this.#options.client.endpoint.model_filter;
    const before = new Map(this.#models.map((model) => [model.name, model]));
    const next = listed
      .filter((model) => matchesFilter(filter, model.name))
      .map((model) => this.#complete(model, before.get(model.name)));
    const isSame =
      next.length === this.#models.length && next.every((model, index) => model === this.#models[index]);
    if (!isSame) this.#replace(next);
  }

  /** Merges a listed model with earlier details and signals; returns the known object if nothing has changed. */
  #complete(listed: EndpointModel, known: EndpointModel | undefined): EndpointModel {
    const detailed = this.#details.get(detailKey(listed));
    const isUnloaded = listed.resident === false;
    const ownFields = detailed?.ownFields ?? listed.ownFields;
    const model: EndpointModel = {
      ...listed,
      capabilities: detailed?.capabilities ?? listed.capabilities,
      kind: detailed?.kind ?? listed.kind,
      family: listed.family ?? detailed?.family ?? null,
      parameterSize: listed.parameterSize ?? detailed?.parameterSize ?? null,
      quantization: listed.quantization ?? detailed?.quantization ?? null,
      format: listed.format ?? detailed?.format ?? null,
      ...(ownFields === undefined ? {} : { ownFields }),
      contextLength: smallestKnown([
        listed.contextLength ?? detailed?.contextLength ?? null,
        this.#contextLimit,
      ]),
      resident: listed.resident ?? known?.resident ?? null,
      residentUntil: isUnloaded ? null : (listed.residentUntil ?? known?.residentUntil ?? null),
      loadedAs: isUnloaded ? null : (listed.loadedAs ?? known?.loadedAs ?? null),
    };
    return known !== undefined && JSON.stringify(known) === JSON.stringify(model) ? known : model;
  }

  #replace(models: readonly EndpointModel[]): void {
    this.#models = models;
    this.#options.onChange('models');
  }
}

function detailKey({ name, digest }: EndpointModel): string {
  return `${name}\n${digest ?? ''}`;
}
