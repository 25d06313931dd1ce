import type { EndpointModel, ModelKind } from '@olla/core/snapshot';
import type { Detection } from '../profile.ts';
import { passedOn } from './passed-on.ts';
import {
  asList,
  asPositive,
  asRecord,
  asText,
  asTexts,
  isRecord,
  parseJson,
  type JsonRecord,
} from './json.ts';
import { readModelList, type ModelList } from './model-list.ts';
import { kindOfCapabilities } from './model.ts';

/** Reads a list of models of OpenAI's API. @param more additional fields that the type reads from an entry */
export function readOpenAiList(
  body: unknown,
  more: (entry: JsonRecord) => Partial<EndpointModel> = () => ({}),
): ModelList {
  return readModelList(body, {
    nameFields: ['id', 'name', 'model', 'key'],
    readEntry: (entry) => ({ ...readOpenAiModel(entry), ...more(entry) }),
  });
}

/** Data of servers in an entry of OpenAI's list beyond its own fields. */
function readOpenAiModel(entry: JsonRecord): Partial<EndpointModel> {
  const capabilities = capabilityWords(entry['capabilities']);
  const reported = kindOfCapabilities(capabilities);
  const readsImages = asTexts(asRecord(entry['architecture'])['input_modalities']).includes('image');
  return {
    contextLength: contextOf(entry),
    capabilities,
    kind:
      reported === 'unknown'
        ? (KINDS.get(asText(entry['type']) ?? '') ?? (readsImages ? 'vlm' : reported))
        : reported,
    openAiFields: passedOn(entry, (field) => !KEPT_BACK.has(field)),
  };
}

/**
 * Fields that the gateway fills itself, and fields that clients of a gateway must not see, such as paths on the server.
 */
const KEPT_BACK: ReadonlySet<string> = new Set([
  'id',
  'object',
  'created',
  'owned_by',
  'permission',
  'root',
  'path',
  'status',
  'api_base',
  'litellm_params',
]);

const KINDS: ReadonlyMap<string, ModelKind> = new Map(
  Object.entries({
    chat: 'llm',
    language: 'llm',
    llm: 'llm',
    text: 'llm',
    vlm: 'vlm',
    embedding: 'embeddings',
    embeddings: 'embeddings',
    rerank: 'rerank',
    reranker: 'rerank',
    image: 'image',
    audio: 'audio',
    transcribe: 'audio',
  }),
);

/** Words for the abilities of a model, from a list of them or from an object with true for each. */
export function capabilityWords(value: unknown): string[] {
  if (!isRecord(value)) return asTexts(value);
  return asTexts(Object.keys(value).filter((word) => value[word] === true));
}

/** Names of servers and providers for the context length. */
const CONTEXT_FIELDS = [
  'max_model_len',
  'context_length',
  'context_window',
  'max_context_length',
  'max_context_window',
  'context_size',
  'max_input_tokens',
  'inputTokenLimit',
  'n_ctx',
] as const;
/** Objects within an entry that may have one of them. */
const CONTEXT_PLACES = ['meta', 'metadata', 'limits', 'model_info', 'details'] as const;

function contextOf(entry: JsonRecord): number | null {
  for (const place of [entry, ...CONTEXT_PLACES.map((field) => asRecord(entry[field]))]) {
    const length = CONTEXT_FIELDS.map((field) => asPositive(place[field])).find((value) => value !== null);
    if (length != null) return length;
  }
  return null;
}

/** Recognises a server by the `owned_by` of its OpenAI list, where several servers put their name. */
export function detectByOwner(owner: string): Detection {
  return {
    paths: ['/v1/models'],
    matches: (responses) => listIsOwnedBy(parseJson(responses.get('/v1/models')?.body ?? ''), owner),
  };
}

/** Whether some entry of an OpenAI list has this owner, in any case. */
export function listIsOwnedBy(body: unknown, owner: string): boolean {
  const list = Array.isArray(body) ? body : asRecord(body)['data'];
  const word = owner.toLowerCase();
  return asList(list).some((entry) => asText(asRecord(entry)['owned_by'])?.toLowerCase() === word);
}
