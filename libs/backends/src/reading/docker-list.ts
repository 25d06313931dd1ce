import type { EndpointModel, ListedFields } from '@olla/core/snapshot';
import { asList, asPositive, asRecord, asText, asTexts, type JsonRecord } from './json.ts';
import { passedOn } from './passed-on.ts';

/** Content of a model's `ownFields`: its entry of Docker's own list, which covers all its tags. */
export interface OwnFields {
  readonly docker?: ListedFields;
}

/** Adds data of Docker's own list (`GET /models`) to the models of OpenAI's. */
export function addDockerList(models: readonly EndpointModel[], body: unknown): readonly EndpointModel[] {
  if (!Array.isArray(body)) return models;
  const byTag = new Map<string, JsonRecord>();
  for (const entry of asList(body).map(asRecord))
    for (const tag of asTexts(entry['tags'])) byTag.set(tag, entry);
  return models.map((model) => {
    const entry = byTag.get(model.name);
    return entry === undefined ? model : addEntry(model, entry);
  });
}

function addEntry(model: EndpointModel, entry: JsonRecord): EndpointModel {
  const config = asRecord(entry['config']);
  const own: OwnFields = { docker: passedOn(entry, () => true) };
  return {
    ...model,
    // It writes `361.82 M`.
    parameterSize: model.parameterSize ?? asText(config['parameters'])?.replaceAll(' ', '') ?? null,
    quantization: model.quantization ?? asText(config['quantization']),
    family: model.family ?? asText(config['architecture']),
    format: model.format ?? asText(config['format']),
    contextLength: model.contextLength ?? asPositive(config['context_size']),
    ownFields: { ...own },
  };
}
