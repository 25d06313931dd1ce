import type { CatalogModel } from '@olla/core/snapshot';
import { profileOrDefault } from '../table.ts';
import { ifKnown } from './if-known.ts';
import type { ListedModel, PlacedModel } from './select-models.ts';

/** `GET /olla/models`: all models of all providers. */
export function unifiedList(models: readonly ListedModel[]): object {
  return { object: 'list', data: models.map(unifiedEntry) };
}

function unifiedEntry({ id, model, places, aliasFor }: ListedModel): object {
  return {
    id,
    object: 'model',
    created: model.created,
    owned_by: 'olla',
    olla: {
      ...(model.contextLength === null ? {} : { max_context_length: model.contextLength }),
      family: model.family ?? '',
      variant: model.variant ?? '',
      parameter_size: model.parameterSize ?? '',
      quantization: compactQuantization(model.quantization),
      type: model.kind,
      ...(model.format === null ? {} : { format: model.format }),
      ...sizeOf(places),
      ...(aliasFor === null ? {} : { alias_for: aliasFor }),
      aliases: [model.id, ...model.aliases],
      availability: places.map((place) => ({
        endpoint: place.endpoint,
        state: availabilityState(place),
        type: place.at.type,
        model: place.model.name,
        resident: place.model.resident,
        ...ifKnown('max_context_length', place.model.contextLength),
      })),
      capabilities: model.capabilities,
    },
  };
}

/**
 * `loaded` for a model in memory, the type's word for one on disk, `available` if the server does not report it; the
 * status of the endpoint if it does not serve.
 */
export function availabilityState({ at, model }: PlacedModel): string {
  if (!at.status.serves) return at.status.status;
  if (model.resident === true) return 'loaded';
  return model.resident === false ? profileOrDefault(at.type).unloadedWord : 'available';
}

/** `q4km` for `Q4_K_M`: the spelling of the original Olla's unified list. */
export function compactQuantization(quantization: string | null): string {
  return (quantization ?? '').toLowerCase().replaceAll(/[^a-z0-9.]/g, '');
}

/** Bytes of one copy, from a copy that has them. */
function sizeOf(places: readonly PlacedModel[]): { size_bytes?: number } {
  const size = places.find((place) => place.model.sizeBytes !== null)?.model.sizeBytes ?? null;
  return size === null ? {} : { size_bytes: size };
}

/** `GET /olla/models/{name}`: one model, with the endpoints that have it. */
export function unifiedModel(listed: ListedModel, now: number): object {
  const { id, model, places, aliasFor } = listed;
  const sizes = places.map((place) => place.model.sizeBytes).filter((size) => size !== null);
  const seenAt = Math.max(0, ...places.map(({ at }) => at.probed?.modelsAt ?? 0));
  return {
    id,
    family: model.family ?? '',
    variant: model.variant ?? '',
    parameter_size: model.parameterSize ?? '',
    quantization: compactQuantization(model.quantization),
    format: model.format ?? '',
    type: model.kind,
    ...(sizes.length === 0
      ? {}
      : { total_disk_size: formatBytes(sizes.reduce((sum, size) => sum + size, 0)) }),
    ...(seenAt === 0 ? {} : { last_seen: `${Math.max(0, Math.floor((now - seenAt) / 1000))}s ago` }),
    ...(aliasFor === null ? {} : { alias_for: aliasFor }),
    aliases: [model.id, ...model.aliases],
    endpoints: distinct(places.map((place) => place.endpoint)),
    loaded_endpoints: distinct(
      places.filter((place) => place.model.resident === true).map((place) => place.endpoint),
    ),
    availability: places.map((place) => ({
      endpoint: place.endpoint,
      state: availabilityState(place),
      type: place.at.type,
      model: place.model.name,
      ...ifKnown('max_context_length', place.model.contextLength),
    })),
    capabilities: model.capabilities,
    ...parameters(model),
    ...(model.contextLength === null ? {} : { max_context_length: model.contextLength }),
    created: model.created,
  };
}

function parameters({ parameterCount }: CatalogModel): { parameter_count?: number } {
  return parameterCount === null ? {} : { parameter_count: parameterCount };
}

function distinct(names: readonly string[]): string[] {
  return [...new Set(names)];
}

/** `4.00 GB`: binary units with two places. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return unit === 0 ? `${value} B` : `${value.toFixed(2)} ${units[unit] ?? ''}`;
}
