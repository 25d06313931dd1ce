import { createHash } from 'node:crypto';
import { smallestKnown } from '@olla/core/smallest-known';
import type { EndpointModel } from '@olla/core/snapshot';
import type { OwnFields } from '../reading/ollama.ts';
import { lowestVersion } from '../reading/version.ts';
import { ifKnown } from './if-known.ts';
import type { ListedEndpoint } from './listing-source.ts';
import type { NativeModel, PlacedModel } from './select-models.ts';

/** Go's text for an unset time. */
const NO_TIME = '0001-01-01T00:00:00Z';

/** Ollama's `GET /api/tags`, newest first as in Ollama. */
export function renderTags(models: readonly NativeModel[]): object {
  const entries = models.map((native) => ({ native, model: newest(native.places).model }));
  entries.sort(
    (a, b) =>
      (b.model.modifiedAt ?? 0) - (a.model.modifiedAt ?? 0) || (a.native.name < b.native.name ? -1 : 1),
  );
  return { models: entries.map(({ native, model }) => renderTag(native, model)) };
}

/** Clients fail on an entry without one of its fields, so unknown fields get a default. */
function renderTag({ name, model: { created }, places }: NativeModel, model: EndpointModel): object {
  const contextLength = smallestKnown(places.map(({ model: at }) => at.contextLength));
  return {
    name,
    model: name,
    ...ownOf(model).entry,
    modified_at: new Date(model.modifiedAt ?? created * 1000).toISOString(),
    size: model.sizeBytes ?? 0,
    digest: digestOf(model),
    details: { ...detailsOf(model), ...ifKnown('context_length', contextLength) },
    ...(model.capabilities.length === 0 ? {} : { capabilities: model.capabilities }),
  };
}

/** Ollama's `GET /api/ps`: each model in the memory of some endpoint, once, with the latest of its expiry times. */
export function renderPs(models: readonly NativeModel[]): object {
  const running = [];
  for (const { name, places, isAlias } of models) {
    if (isAlias) continue;
    const held = places.filter((place) => place.model.resident === true);
    const first = held[0];
    if (first === undefined) continue;
    const { model } = first;
    const until = Math.max(0, ...held.map((place) => place.model.residentUntil ?? 0));
    running.push({
      name,
      model: name,
      ...ownOf(model).entry,
      size: model.loadedAs?.memoryBytes ?? model.sizeBytes ?? 0,
      digest: digestOf(model),
      details: detailsOf(model),
      expires_at: until === 0 ? NO_TIME : new Date(until).toISOString(),
      size_vram: model.loadedAs?.vramBytes ?? 0,
      ...ifKnown(
        'context_length',
        smallestKnown(held.map(({ model: at }) => at.loadedAs?.contextLength ?? null)),
      ),
      endpoints: [...new Set(held.map((place) => place.endpoint))],
    });
  }
  return { models: running };
}

/**
 * Ollama's `GET /api/version`: the lowest version of the endpoints, so that clients use no feature that one of them
 * lacks. `0.0.0` if none reports its version.
 */
export function renderVersion(endpoints: readonly ListedEndpoint[]): object {
  return { version: lowestVersion(endpoints.map(({ probed }) => probed?.serverVersion ?? null)) ?? '0.0.0' };
}

function detailsOf(model: EndpointModel): object {
  const { format, family, parameterSize, quantization } = model;
  return {
    parent_model: '',
    format: format ?? '',
    family: family ?? '',
    families: family === null ? null : [family],
    parameter_size: parameterSize ?? '',
    quantization_level: quantization ?? '',
    ...ownOf(model).details,
  };
}

/** A digest of the name if the server reports none: clients distinguish models by it. */
function digestOf({ name, digest }: EndpointModel): string {
  return digest ?? createHash('sha256').update(name).digest('hex');
}

function ownOf({ ownFields }: EndpointModel): OwnFields {
  return ownFields ?? {};
}

function newest(places: readonly PlacedModel[]): PlacedModel {
  const [first, ...others] = places;
  if (first === undefined) throw new RangeError('a listed model has at least one place');
  return others.reduce(
    (best, place) => ((place.model.modifiedAt ?? 0) > (best.model.modifiedAt ?? 0) ? place : best),
    first,
  );
}
