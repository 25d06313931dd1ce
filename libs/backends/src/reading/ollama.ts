import type { EndpointModel, ListedFields, ModelKind } from '@olla/core/snapshot';
import type { ResidentModel, SignalReading } from '../profile.ts';
import { asCount, asPositive, asRecord, asText, asTexts, asTime, isRecord, type JsonRecord } from './json.ts';
import { readModelList, type ModelList } from './model-list.ts';
import { kindOfCapabilities } from './model.ts';
import { passedOn } from './passed-on.ts';

/** Content of a model's `ownFields`: the fields of its entry and the entry's `details` that no other property has. */
export interface OwnFields {
  readonly entry?: ListedFields;
  readonly details?: ListedFields;
}

const ENTRY_FIELDS: ReadonlySet<string> = new Set([
  'name',
  'model',
  'modified_at',
  'size',
  'digest',
  'details',
  'capabilities',
]);
const DETAIL_FIELDS: ReadonlySet<string> = new Set([
  'format',
  'family',
  'parameter_size',
  'quantization_level',
  'context_length',
]);
const NAME_FIELDS = ['name', 'model', 'id', 'key'] as const;

/** Reads `GET /api/tags`. */
export function readTags(body: unknown): ModelList {
  return readModelList(body, { nameFields: NAME_FIELDS, readEntry });
}

function readEntry(entry: JsonRecord): Partial<EndpointModel> {
  const details = asRecord(entry['details']);
  const capabilities = asTexts(entry['capabilities']);
  return {
    kind: kindOf(capabilities, details),
    sizeBytes: asCount(entry['size']),
    ...readDetails(details),
    digest: asText(entry['digest']),
    capabilities,
    modifiedAt: asTime(entry['modified_at']),
    ownFields: withoutEmpty({
      entry: passedOn(entry, (field) => !ENTRY_FIELDS.has(field)),
      details: ownDetails(details),
    }),
  };
}

function readDetails(
  details: JsonRecord,
): Pick<EndpointModel, 'family' | 'parameterSize' | 'quantization' | 'format' | 'contextLength'> {
  return {
    family: asText(details['family']),
    parameterSize: asText(details['parameter_size']),
    quantization: knownText(details['quantization_level']),
    format: asText(details['format']),
    contextLength: asPositive(details['context_length']),
  };
}

function ownDetails(details: JsonRecord): ListedFields {
  return passedOn(details, (field) => !DETAIL_FIELDS.has(field) || details[field] === 'unknown');
}

function withoutEmpty({ entry = {}, details = {} }: OwnFields): ListedFields {
  return {
    ...(Object.keys(entry).length === 0 ? {} : { entry }),
    ...(Object.keys(details).length === 0 ? {} : { details }),
  };
}

/** Reads `GET /api/ps`; null for a body of another form. */
export function readPs(body: unknown): SignalReading | null {
  if (!isRecord(body) || !(Array.isArray(body['models']) || body['models'] === null)) return null;
  const resident = new Map<string, ResidentModel>();
  const held = readModelList(body, { nameFields: NAME_FIELDS, readEntry: readResident });
  for (const { name, residentUntil, loadedAs } of held.models)
    resident.set(name, { until: residentUntil, loadedAs: loadedAs ?? null });
  return { resident };
}

function readResident(entry: JsonRecord): Partial<EndpointModel> {
  return {
    residentUntil: asTime(entry['expires_at']),
    loadedAs: {
      memoryBytes: asCount(entry['size']),
      vramBytes: asCount(entry['size_vram']),
      contextLength: asPositive(entry['context_length']),
    },
  };
}

/** Adds data of `POST /api/show` that the list lacks: all capabilities, and details that older versions leave out. */
export function addShown(model: EndpointModel, body: unknown): EndpointModel {
  const shown = asRecord(body);
  const details = asRecord(shown['details']);
  const info = asRecord(shown['model_info']);
  const architecture = asText(info['general.architecture']) ?? '';
  const reported = readDetails(details);
  const capabilities = [...new Set([...model.capabilities, ...asTexts(shown['capabilities'])])].sort();
  const kind = kindOf(capabilities, details);
  const embeddingLength = asPositive(info[`${architecture}.embedding_length`]);
  const own: OwnFields = model.ownFields ?? {};
  const ownFields = withoutEmpty({
    entry: { ...passedOn(shown, (field) => REMOTE_FIELDS.has(field)), ...own.entry },
    details: {
      ...(embeddingLength === null ? {} : { embedding_length: embeddingLength }),
      ...ownDetails(details),
      ...own.details,
    },
  });
  return {
    ...model,
    capabilities,
    kind: kind === 'unknown' ? model.kind : kind,
    family: model.family ?? reported.family,
    parameterSize: model.parameterSize ?? reported.parameterSize,
    quantization: model.quantization ?? reported.quantization,
    format: model.format ?? reported.format,
    contextLength:
      model.contextLength ?? reported.contextLength ?? asPositive(info[`${architecture}.context_length`]),
    ...(Object.keys(ownFields).length === 0 ? {} : { ownFields }),
  };
}

/** For a model that runs elsewhere. */
const REMOTE_FIELDS: ReadonlySet<string> = new Set(['remote_model', 'remote_host']);

function kindOf(capabilities: readonly string[], details: JsonRecord): ModelKind {
  const reported = kindOfCapabilities(capabilities);
  if (reported !== 'unknown' && reported !== 'llm') return reported;
  const families = [...asTexts(details['families']), asText(details['family']) ?? ''];
  if (families.some((family) => family === 'clip' || family === 'mllama')) return 'vlm';
  return families.some((family) => /(^|-)bert$/.test(family)) ? 'embeddings' : reported;
}

function knownText(value: unknown): string | null {
  const text = asText(value);
  return text === 'unknown' ? null : text;
}
