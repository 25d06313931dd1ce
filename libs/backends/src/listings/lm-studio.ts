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

/** Clients fail on an entry without its texts, so unknown texts are empty. */
export function renderV0Model({ name, model, places }: NativeModel): object {
  const reported = bestOf(places, ({ v0 }) => v0 !== undefined);
  const isLoaded = places.some((place) => place.model.resident === true);
  return {
    id: name,
    object: 'model',
    ...ownOf(reported).v0,
    type: typeOf(reported.kind === 'unknown' ? model.kind : reported.kind),
    publisher: publisherOf(name, reported),
    arch: reported.family ?? model.family ?? '',
    compatibility_type: reported.format ?? 'gguf',
    quantization: reported.quantization ?? model.quantization ?? '',
    state: isLoaded ? 'loaded' : 'not-loaded',
    ...ifKnown('max_context_length', smallestKnown(places.map(({ model: at }) => at.contextLength))),
    ...ifKnown('loaded_context_length', loadedContext(places)),
    ...(reported.capabilities.length === 0 ? {} : { capabilities: reported.capabilities }),
  };
}

/** LM Studio has three words, and clients fail on the whole list if it has another one. */
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
  const reported = bestOf(places, ({ v1 }) => v1 !== undefined);
  const isEmbedding = (reported.kind === 'unknown' ? model.kind : reported.kind) === 'embeddings';
  const quantization = reported.quantization ?? model.quantization;
  const capabilities = {
    vision: reported.kind === 'vlm',
    trained_for_tool_use: reported.capabilities.includes('tool_use'),
  };
  return {
    type: isEmbedding ? 'embedding' : 'llm',
    publisher: publisherOf(name, reported),
    key: name,
    display_name: name,
    architecture: reported.family,
    quantization: quantization === null ? null : { name: quantization, bits_per_weight: null },
    size_bytes: reported.sizeBytes ?? 0,
    params_string: reported.parameterSize,
    format: reported.format,
    ...(isEmbedding ? {} : { capabilities, description: null }),
    ...ownOf(reported).v1,
    loaded_instances: instancesOf(places),
    ...ifKnown('max_context_length', smallestKnown(places.map(({ model: at }) => at.contextLength))),
  };
}

/** The loaded instances of all servers; instances of equal name once. */
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

/** The list of a server without `/api/v1/models`. */
function oneInstance({ name, resident, loadedAs, contextLength }: EndpointModel): object[] {
  const length = loadedAs?.contextLength ?? contextLength;
  return resident === true ? [{ id: name, config: { ...ifKnown('context_length', length) } }] : [];
}

function ownOf({ ownFields }: EndpointModel): OwnFields {
  return ownFields ?? {};
}

/** The model at the first location with such fields, else at one with a known quantisation, else at the first. */
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
