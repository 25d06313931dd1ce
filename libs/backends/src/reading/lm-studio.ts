import type { EndpointModel, ListedFields, ModelKind } from '@olla/core/snapshot';
import { asCount, asList, asPositive, asRecord, asText, asTexts, type JsonRecord } from './json.ts';
import { readModelList, type ModelList } from './model-list.ts';
import { newModel } from './model.ts';
import { capabilityWords } from './openai-list.ts';
import { passedOn } from './passed-on.ts';

/** Content of a model's `ownFields`: its entries of both lists, without their names. */
export interface OwnFields {
  readonly v0?: ListedFields;
  readonly v1?: ListedFields;
  /** The key of the model of which this name is a loaded instance. */
  readonly instanceOf?: string;
}

/** Reads the list of `/api/v0/models` or of `/api/v1/models`, or OpenAI's of older versions. */
export function readModels(body: unknown): ModelList {
  const { models, problem } = readModelList(body, { nameFields: ['id', 'key', 'name', 'model'], readEntry });
  return { models: [...models, ...models.flatMap((model) => instancesOf(model, models))], problem };
}

/** Adds data of `/api/v1/models` to the models of `/api/v0/models`. */
export function addV1Models(models: readonly EndpointModel[], body: unknown): readonly EndpointModel[] {
  const list = readModels(body);
  if (list.problem !== null) return models;
  const further = new Map(list.models.map((model) => [model.name, model]));
  const merged = models.map((model) => {
    const v1 = further.get(model.name);
    further.delete(model.name);
    return v1 === undefined ? model : merge(model, v1);
  });
  return [...merged, ...further.values()];
}

function merge(v0: EndpointModel, v1: EndpointModel): EndpointModel {
  return {
    ...v0,
    kind: v0.kind === 'unknown' ? v1.kind : v0.kind,
    resident: v0.resident ?? v1.resident,
    loadedAs: v0.loadedAs ?? v1.loadedAs ?? null,
    contextLength: v0.contextLength ?? v1.contextLength,
    sizeBytes: v0.sizeBytes ?? v1.sizeBytes,
    family: v0.family ?? v1.family,
    parameterSize: v0.parameterSize ?? v1.parameterSize,
    quantization: v0.quantization ?? v1.quantization,
    format: v0.format ?? v1.format,
    publisher: v0.publisher ?? v1.publisher,
    capabilities: [...new Set([...v0.capabilities, ...v1.capabilities])],
    ownFields: { ...v0.ownFields, ...v1.ownFields },
  };
}

const KINDS: ReadonlyMap<string, ModelKind> = new Map(
  Object.entries({ llm: 'llm', vlm: 'vlm', embeddings: 'embeddings', embedding: 'embeddings' }),
);

function readEntry(entry: JsonRecord): Partial<EndpointModel> {
  return 'loaded_instances' in entry ? tellV1(entry) : tellV0(entry);
}

function tellV0(entry: JsonRecord): Partial<EndpointModel> {
  const state = asText(entry['state']);
  const own: OwnFields = { v0: passedOn(entry, (field) => field !== 'id' && field !== 'object') };
  return {
    kind: KINDS.get(asText(entry['type']) ?? '') ?? 'unknown',
    resident: state === null ? null : state === 'loaded',
    ...loadedWith(asPositive(entry['loaded_context_length'])),
    contextLength: asPositive(entry['max_context_length']),
    family: asText(entry['arch']),
    quantization: asText(entry['quantization']),
    format: asText(entry['compatibility_type']),
    publisher: asText(entry['publisher']),
    capabilities: asTexts(entry['capabilities']),
    ...(state === null ? {} : { ownFields: { ...own } }),
  };
}

function tellV1(entry: JsonRecord): Partial<EndpointModel> {
  const kind = KINDS.get(asText(entry['type']) ?? '') ?? 'unknown';
  const words = capabilityWords(entry['capabilities']);
  const instances = asList(entry['loaded_instances']).map(asRecord);
  const contexts = instances.map(({ config }) => asPositive(asRecord(config)['context_length']));
  const known = contexts.filter((length) => length !== null);
  const own: OwnFields = { v1: passedOn(entry, (field) => field !== 'key') };
  return {
    kind: kind === 'llm' && words.includes('vision') ? 'vlm' : kind,
    resident: instances.length > 0,
    ...loadedWith(known.length === 0 ? null : Math.min(...known)),
    contextLength: asPositive(entry['max_context_length']),
    sizeBytes: asCount(entry['size_bytes']),
    family: asText(entry['architecture']),
    parameterSize: asText(entry['params_string']),
    quantization: asText(asRecord(entry['quantization'])['name']),
    format: asText(entry['format']),
    publisher: asText(entry['publisher']),
    // The word of `/api/v0/models`.
    capabilities: words.map((word) => (word === 'trained_for_tool_use' ? 'tool_use' : word)),
    ownFields: { ...own },
  };
}

function loadedWith(contextLength: number | null): Partial<EndpointModel> {
  return contextLength === null ? {} : { loadedAs: { memoryBytes: null, vramBytes: null, contextLength } };
}

/** The loaded instances of a model that have names of their own, which work as `model` too. */
function instancesOf(model: EndpointModel, listed: readonly EndpointModel[]): EndpointModel[] {
  const { v1 }: OwnFields = model.ownFields ?? {};
  return asList(v1?.['loaded_instances']).flatMap((value) => {
    const instance = asRecord(value);
    const name = asText(instance['id']);
    if (name === null || listed.some((other) => other.name === name)) return [];
    const { ownFields: _, ...reported } = model;
    const contextLength = asPositive(asRecord(instance['config'])['context_length']);
    const own: OwnFields = { instanceOf: model.name };
    return [newModel(name, { ...reported, ...loadedWith(contextLength), ownFields: { ...own } })];
  });
}
