import type { EndpointModel } from '@olla/core/snapshot';
import type { ListedEndpoint } from './listing-source.ts';
import type { NativeModel, PlacedModel } from './select-models.ts';

/** Ollama's `GET /api/tags`, newest first as Ollama has it. */
export function ollamaTags(models: readonly NativeModel[]): object {
  const entries = models.map(({ name, places }) => ({ name, model: newest(places).model }));
  entries.sort((a, b) => (b.model.modifiedAt ?? 0) - (a.model.modifiedAt ?? 0) || (a.name < b.name ? -1 : 1));
  return {
    models: entries.map(({ name, model }) => ({
      name,
      model: name,
      ...(model.modifiedAt === null ? {} : { modified_at: new Date(model.modifiedAt).toISOString() }),
      ...optional('size', model.sizeBytes),
      ...optional('digest', model.digest),
      details: {
        ...detailsOf(model),
        ...optional('context_length', model.contextLength),
      },
      ...(model.capabilities.length === 0 ? {} : { capabilities: model.capabilities }),
    })),
  };
}

/** Ollama's `GET /api/ps`: what is in memory anywhere in the fleet, each name once, kept as long as the longest. */
export function ollamaPs(models: readonly NativeModel[]): object {
  const running = [];
  for (const { name, places } of models) {
    const held = places.filter((place) => place.model.resident === true);
    const until = Math.max(0, ...held.map((place) => place.model.residentUntil ?? 0));
    const first = held[0];
    if (first === undefined) continue;
    const { model } = first;
    running.push({
      name,
      model: name,
      ...optional('size', model.loadedAs?.memoryBytes),
      ...optional('digest', model.digest),
      details: detailsOf(model),
      ...(until === 0 ? {} : { expires_at: new Date(until).toISOString() }),
      ...optional('size_vram', model.loadedAs?.vramBytes),
      ...optional('context_length', model.loadedAs?.contextLength),
      endpoints: held.map((place) => place.endpoint),
    });
  }
  return { models: running };
}

/**
 * Ollama's `GET /api/version` for a fleet: the lowest version of its endpoints, so that a client never relies on what
 * one of them lacks. `0.0.0` where none tells.
 */
export function ollamaVersion(endpoints: readonly ListedEndpoint[]): object {
  const versions = endpoints
    .map(({ probed }) => probed?.serverVersion ?? null)
    .filter((version) => version !== null);
  const lowest = versions.reduce<string | null>(
    (low, version) => (low === null || compareVersionTexts(version, low) < 0 ? version : low),
    null,
  );
  return { version: lowest ?? '0.0.0' };
}

/** Orders `0.9.6`, `0.14.0-rc2`, `0.14.0`: by number, a pre-release before its release. */
export function compareVersionTexts(a: string, b: string): number {
  const [coreA = '', ...preA] = a.split('-');
  const [coreB = '', ...preB] = b.split('-');
  const order = coreA.localeCompare(coreB, 'en', { numeric: true });
  if (order !== 0) return order;
  if (preA.length === 0 || preB.length === 0) return preB.length - preA.length;
  return preA.join('-').localeCompare(preB.join('-'), 'en', { numeric: true });
}

function detailsOf({ format, family, parameterSize, quantization }: EndpointModel): object {
  return {
    parent_model: '',
    format: format ?? '',
    family: family ?? '',
    families: family === null ? null : [family],
    parameter_size: parameterSize ?? '',
    quantization_level: quantization ?? '',
  };
}

function optional(key: string, value: string | number | null | undefined): Record<string, string | number> {
  return value === null || value === undefined ? {} : { [key]: value };
}

function newest(places: readonly PlacedModel[]): PlacedModel {
  const [first, ...others] = places;
  if (first === undefined) throw new RangeError('a listed model has at least one place');
  return others.reduce(
    (best, place) => ((place.model.modifiedAt ?? 0) > (best.model.modifiedAt ?? 0) ? place : best),
    first,
  );
}
