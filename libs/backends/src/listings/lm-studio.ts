import { smallestKnown } from '@olla/core/smallest-known';
import type { EndpointModel, ModelKind } from '@olla/core/snapshot';
import { ifKnown } from './if-known.ts';
import type { NativeModel, PlacedModel } from './select-models.ts';
import { asList, asRecord, asText } from '../reading/json.ts';
import type { OwnFields } from '../reading/lm-studio.ts';

/** LM Studio's `GET /api/v0/models`. */
export function renderV0List(models: readonly NativeModel[]): object {
  return { object: 'list', data: models.map(renderV0Model) };
}

/** Clients fail on an entry without its texts, so those that no server tells are empty. */
export function renderV0Model({ name, model, places }: NativeModel): object {
  const told = bestOf(places, ({ v0 }) => v0 !== undefined);
  const isLoaded = places.some((place) => place.model.resident === true);
  return {
    id: name,
    object: 'model',
    ...ownOf(told).v0,
    type: typeOf(told.kind === 'unknown' ? model.kind : told.kind),
    publisher: publisherOf(name, told),
    arch: told.family ?? model.family ?? '',
    compatibility_type: told.format ?? 'gguf',
    quantization: told.quantization ?? model.quantization ?? '',
    state: isLoaded ? 'loaded' : 'not-loaded',
    ...ifKnown('max_context_length', smallestKnown(places.map(({ model: at }) => at.contextLength))),
    ...ifKnown('loaded_context_length', loadedContext(places)),
    ...(told.capabilities.length === 0 ? {} : { capabilities: told.capabilities }),
  };
}

/** LM Studio has three words; clients that know no other fail on the whole list. */
function typeOf(kind: ModelKind): string {
  return kind === 'embeddings' || kind === 'vlm' ? kind : 'llm';
}

/** LM Studio's `GET /api/v1/models`, which lists models, not their loaded instances. */
export function renderV1List(models: readonly NativeModel[]): object {
  const isModel = ({ places }: NativeModel): boolean =>
    places.some((place) => ownOf(place.model).instanceOf === undefined);
  return { models: models.filter(isModel).map(renderV1Model) };
}

export function renderV1Model({ name, model, places }: NativeModel): object {
  const told = bestOf(places, ({ v1 }) => v1 !== undefined);
  const isEmbedding = (told.kind === 'unknown' ? model.kind : told.kind) === 'embeddings';
  const quantization = told.quantization ?? model.quantization;
  const capabilities = {
    vision: told.kind === 'vlm',
    trained_for_tool_use: told.capabilities.includes('tool_use'),
  };
  return {
    type: isEmbedding ? 'embedding' : 'llm',
    publisher: publisherOf(name, told),
    key: name,
    display_name: name,
    architecture: told.family,
    quantization: quantization === null ? null : { name: quantization, bits_per_weight: null },
    size_bytes: told.sizeBytes ?? 0,
    params_string: told.parameterSize,
    format: told.format,
    ...(isEmbedding ? {} : { capabilities, description: null }),
    ...ownOf(told).v1,
    loaded_instances: instancesOf(places),
    ...ifKnown('max_context_length', smallestKnown(places.map(({ model: at }) => at.contextLength))),
  };
}

/** The loaded instances of all servers; those of one name once. */
function instancesOf(places: readonly PlacedModel[]): unknown[] {
  const byId = new Map<string, unknown>();
  for (const { model } of places) {
    const { v1 } = ownOf(model);
    for (const instance of v1 === undefined ? oneInstance(model) : asList(v1['loaded_instances'])) {
      const id = asText(asRecord(instance)['id']);
      if (id !== null && !byId.has(id)) byId.set(id, instance);
    }
  }
  return [...byId.values()];
}

/** What a server without `/api/v1/models` would list. */
function oneInstance({ name, resident, loadedAs, contextLength }: EndpointModel): object[] {
  const length = loadedAs?.contextLength ?? contextLength;
  return resident === true ? [{ id: name, config: { ...ifKnown('context_length', length) } }] : [];
}

function ownOf({ ownFields }: EndpointModel): OwnFields {
  return ownFields ?? {};
}

/** The model at the first place that has such fields, else at one that tells its quantisation, else at the first. */
function bestOf(places: readonly PlacedModel[], has: (own: OwnFields) => boolean): EndpointModel {
  const best =
    places.find(({ model }) => has(ownOf(model))) ??
    places.find(({ model }) => model.quantization !== null) ??
    places[0];
  if (best === undefined) throw new RangeError('a listed model has at least one place');
  return best.model;
}

function publisherOf(name: string, { publisher }: EndpointModel): string {
  return publisher ?? (name.includes('/') ? name.slice(0, name.indexOf('/')) : '');
}

function loadedContext(places: readonly PlacedModel[]): number | null {
  const loaded = places.filter((place) => place.model.resident === true);
  return smallestKnown(loaded.map(({ model }) => model.loadedAs?.contextLength ?? null));
}
