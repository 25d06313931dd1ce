import type { BackendProfile, SignalReading } from '@olla/backends/profile';
import type { EndpointLoad, EndpointModel, LoadedModel } from '@olla/core/snapshot';
import type { EndpointLink } from './endpoint-link.ts';

const MAX_SIGNAL_BYTES = 8 * 1024 * 1024;
/** Pause before a path is asked again that the server does not have, or has switched off. */
const ABSENT_PAUSE_MS = 60_000;
const SILENT_PAUSE_MS = 5_000;
/** A reading counts for this many of its intervals. */
const FRESH_INTERVALS = 4;
/** A model's `residentUntil` moves with each request; smaller moves than this are not worth a new catalogue. */
const RESIDENT_UNTIL_STEP_MS = 60_000;
export const IDLE_SIGNALS_MS = 1_000;

interface KeptReading {
  readonly reading: SignalReading;
  readonly at: number;
  readonly freshForMs: number;
}

/** What the signal paths of one endpoint last told, each read on its own schedule. */
export class SignalBook {
  readonly #dueAt = new Map<string, number>();
  readonly #kept = new Map<string, KeptReading>();

  /** Forgets everything: the server may be another after an outage. */
  reset(): void {
    this.#dueAt.clear();
    this.#kept.clear();
  }

  /** Reads the paths that are due, at once. Never rejects. Returns the milliseconds until the next is due. */
  async readDue(
    link: EndpointLink,
    profile: BackendProfile,
    timeoutMs: number,
    now: () => number,
  ): Promise<number> {
    const due = profile.signals.filter(({ path }) => (this.#dueAt.get(path) ?? 0) <= now());
    await Promise.all(
      due.map(async ({ path, everyMs, parse }) => {
        const result = await link.get(null, path, { timeoutMs, maxBytes: MAX_SIGNAL_BYTES });
        if (result.kind !== 'answer') {
          this.#dueAt.set(path, now() + Math.max(everyMs, SILENT_PAUSE_MS));
          return;
        }
        const reading = result.answer.status === 200 ? parse(result.answer.body) : null;
        this.#dueAt.set(path, now() + (reading === null ? ABSENT_PAUSE_MS : everyMs));
        if (reading === null) this.#kept.delete(path);
        else this.#kept.set(path, { reading, at: now(), freshForMs: FRESH_INTERVALS * everyMs });
      }),
    );
    const next = Math.min(...profile.signals.map(({ path }) => this.#dueAt.get(path) ?? 0));
    return profile.signals.length === 0 ? ABSENT_PAUSE_MS : Math.max(next - now(), 1);
  }

  /** All fresh readings as one; the one that was read last wins where two tell the same. */
  merged(now: number): { readonly reading: SignalReading; readonly at: number } | null {
    const fresh = [...this.#kept.values()].filter(({ at, freshForMs }) => now - at <= freshForMs);
    if (fresh.length === 0) return null;
    fresh.sort((a, b) => a.at - b.at);
    const reading: SignalReading = Object.assign({}, ...fresh.map((kept) => kept.reading));
    return { reading, at: fresh.at(-1)?.at ?? now };
  }
}

/** @returns null if no path told anything of load */
export function loadOf({ slots, running, queued, kvUsage }: SignalReading, at: number): EndpointLoad | null {
  if (slots === undefined && running === undefined && queued === undefined && kvUsage === undefined)
    return null;
  return {
    slots: slots ?? null,
    running: running ?? null,
    queued: queued ?? null,
    kvUsage: kvUsage ?? null,
    at,
  };
}

/** The models with what signals tell of them; the same objects, and the same list, where nothing is new. */
export function applyResidency(
  models: readonly EndpointModel[],
  reading: SignalReading,
): readonly EndpointModel[] {
  const { resident, contextLength } = reading;
  if (resident === undefined && contextLength === undefined) return models;
  let changed = false;
  const next = models.map((model) => {
    const held = resident?.get(model.name);
    const until = held?.until ?? null;
    const keepUntil =
      until !== null &&
      model.residentUntil !== null &&
      Math.abs(until - model.residentUntil) < RESIDENT_UNTIL_STEP_MS;
    const told = {
      resident: resident === undefined ? model.resident : held !== undefined,
      residentUntil: resident === undefined || keepUntil ? model.residentUntil : until,
      contextLength: model.contextLength ?? contextLength ?? null,
      loadedAs: resident === undefined ? (model.loadedAs ?? null) : (held?.loadedAs ?? null),
    };
    if (
      told.resident === model.resident &&
      told.residentUntil === model.residentUntil &&
      told.contextLength === model.contextLength &&
      sameLoad(told.loadedAs, model.loadedAs ?? null)
    ) {
      return model;
    }
    changed = true;
    return { ...model, ...told };
  });
  return changed ? next : models;
}

function sameLoad(a: LoadedModel | null, b: LoadedModel | null): boolean {
  return (
    a?.memoryBytes === b?.memoryBytes &&
    a?.vramBytes === b?.vramBytes &&
    a?.contextLength === b?.contextLength
  );
}
