import type { BackendProfile, SignalReading } from '@olla/backends/profile';
import { matchesFilter } from '@olla/config/glob';
import type { Settings } from '@olla/config/schema';
import type { EndpointModel } from '@olla/core/snapshot';
import type { AgentLog } from './agent-log.ts';
import type { ChangeKind } from './change-kind.ts';
import type { CheckOutcome } from './endpoint-health.ts';
import type { EndpointLink } from './endpoint-link.ts';
import type { Gate } from './gate.ts';
import { listModels } from './list-models.ts';
import type { ListResult } from './list-models.ts';
import { readDetails } from './read-details.ts';
import { applyResidency } from './read-signals.ts';
import { relistDelayMs } from './relist-delay.ts';

export interface ModelBookOptions {
  readonly link: EndpointLink;
  readonly discovery: Settings['discovery']['model_discovery'];
  readonly log: AgentLog;
  /** Bounds the full lists of all endpoints that run at once. */
  readonly listGate: Gate;
  readonly onChange: (kind: ChangeKind) => void;
  readonly known: { readonly models: readonly EndpointModel[]; readonly modelsAt: number | null } | null;
}

/** Pause after a server did not answer about details of its models. */
const DETAILS_PAUSE_MS = 30_000;

/** The models of one endpoint: what its lists, its details and its signals tell, put together. */
export class ModelBook {
  readonly #options: ModelBookOptions;
  readonly #details = new Map<string, EndpointModel>();
  #models: readonly EndpointModel[];
  #listedAt: number | null;
  #listTookMs = 0;
  #problem = '';
  #detailsAt = 0;
  #closed = false;

  constructor(options: ModelBookOptions) {
    this.#options = options;
    this.#models = options.known?.models ?? [];
    this.#listedAt = options.known?.modelsAt ?? null;
  }

  get models(): readonly EndpointModel[] {
    return this.#models;
  }

  /** When they were last listed in full; epoch milliseconds. */
  get listedAt(): number | null {
    return this.#listedAt;
  }

  /** Why they could not be listed, for people; '' if they could. */
  get problem(): string {
    return this.#problem;
  }

  /** Whether a full list is due. */
  get due(): boolean {
    const age = this.#listedAt === null ? Number.POSITIVE_INFINITY : Date.now() - this.#listedAt;
    return age >= this.#options.discovery.interval || this.#problem !== '';
  }

  /** Milliseconds until the next list, full or light. */
  get nextListMs(): number {
    return relistDelayMs(this.#listTookMs, this.#options.discovery.interval);
  }

  /** Nothing is taken over after it. */
  close(): void {
    this.#closed = true;
  }

  forget(): void {
    if (this.#models.length > 0) this.#replace([]);
  }

  /**
   * Lists the models and takes them over. A light list differs in what is made of a failure: it comes again soon.
   *
   * @returns what a refusal makes of the endpoint's health, else null
   */
  async list(profile: BackendProfile, scope: 'full' | 'light'): Promise<CheckOutcome | null> {
    const { listGate, onChange } = this.#options;
    const result = await (scope === 'full' ? listGate.run(() => this.#ask(profile)) : this.#ask(profile));
    if (this.#closed) return null;
    if (result.kind === 'refused') return result;
    if (result.kind === 'failed') {
      if (scope === 'full') this.#report(result.reason);
      return null;
    }
    this.#problem = '';
    if (scope === 'full') this.#listedAt = Date.now();
    this.#take(result.models);
    // Requests wait to see that the list was made, also where nothing in it is new.
    if (scope === 'full') onChange('state');
    return null;
  }

  /** Reads what lists leave open of models that are new. Never rejects. */
  async addDetails({ details: reader }: BackendProfile): Promise<void> {
    const { link } = this.#options;
    if (reader === null || Date.now() < this.#detailsAt) return;
    const unread = this.#models.filter(
      (model) => !this.#details.has(detailKey(model)) && reader.wanted(model),
    );
    if (unread.length === 0) return;
    const { read, silent } = await readDetails(link, reader, unread, link.endpoint.check_timeout);
    if (this.#closed) return;
    // Details wait where a server keeps silent about them, lists of models do not.
    if (silent) this.#detailsAt = Date.now() + DETAILS_PAUSE_MS;
    const current = new Set(this.#models.map(detailKey));
    for (const key of this.#details.keys()) if (!current.has(key)) this.#details.delete(key);
    for (const [model, detailed] of read) this.#details.set(detailKey(model), detailed);
    this.#take(this.#models);
  }

  /** Takes over which models are in memory. */
  applySignals(reading: SignalReading): void {
    const models = applyResidency(this.#models, reading);
    if (models !== this.#models) this.#replace(models);
  }

  async #ask(profile: BackendProfile): Promise<ListResult> {
    const startedAt = performance.now();
    const result = await listModels(this.#options.link, profile, this.#options.discovery.timeout);
    this.#listTookMs = performance.now() - startedAt;
    return result;
  }

  #report(reason: string): void {
    const { link, log, onChange } = this.#options;
    const problem = `its models could not be listed: ${reason}; set model_url if they are elsewhere`;
    if (problem === this.#problem) return;
    this.#problem = problem;
    log.warn(`endpoint ${link.endpoint.name}: ${problem}`, { endpoint: link.endpoint.name });
    onChange('state');
  }

  #take(listed: readonly EndpointModel[]): void {
    const filter = this.#options.link.endpoint.model_filter;
    const before = new Map(this.#models.map((model) => [model.name, model]));
    const next = listed
      .filter((model) => matchesFilter(filter, model.name))
      .map((model) => this.#complete(model, before.get(model.name)));
    const same = next.length === this.#models.length && next.every((model, at) => model === this.#models[at]);
    if (!same) this.#replace(next);
  }

  /** A listed model with what details and signals said of it before; the known object if nothing is new. */
  #complete(listed: EndpointModel, known: EndpointModel | undefined): EndpointModel {
    const detailed = this.#details.get(detailKey(listed));
    const gone = listed.resident === false;
    const model: EndpointModel = {
      ...listed,
      capabilities: detailed?.capabilities ?? listed.capabilities,
      kind: detailed?.kind ?? listed.kind,
      contextLength: listed.contextLength ?? detailed?.contextLength ?? known?.contextLength ?? null,
      resident: listed.resident ?? known?.resident ?? null,
      residentUntil: gone ? null : (listed.residentUntil ?? known?.residentUntil ?? null),
      loadedAs: gone ? null : (listed.loadedAs ?? known?.loadedAs ?? null),
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
