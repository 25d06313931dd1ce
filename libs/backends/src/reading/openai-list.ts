import type { EndpointModel } from '@olla/core/snapshot';
import type { Detection } from '../profile.ts';
import { asList, asPositive, asRecord, asText, asTexts, isRecord, parseJson } from './json.ts';
import type { JsonRecord } from './json.ts';
import { kindOfCapabilities, newModel, uniqueModels } from './model.ts';

/** `{"object":"list","data":[{"id"}]}`: the list that most servers have at `/v1/models`. */
export function isOpenAiList(body: unknown): boolean {
  return isRecord(body) && Array.isArray(body['data']);
}

/**
 * Reads an OpenAI list, with the context length under the names that servers have given it.
 *
 * @param more what the type knows further of an entry
 */
export function parseOpenAiList(
  body: unknown,
  more: (entry: JsonRecord) => Partial<EndpointModel> = () => ({}),
): EndpointModel[] {
  const models: EndpointModel[] = [];
  for (const value of asList(asRecord(body)['data'])) {
    const entry = asRecord(value);
    const name = asText(entry['id']);
    if (name === null) continue;
    const capabilities = asTexts(entry['capabilities']);
    models.push(
      newModel(name, {
        contextLength: contextOf(entry),
        capabilities,
        kind: kindOfCapabilities(capabilities),
        ...more(entry),
      }),
    );
  }
  return uniqueModels(models);
}

function contextOf(entry: JsonRecord): number | null {
  for (const key of ['max_model_len', 'context_length', 'context_window', 'max_context_length']) {
    const length = asPositive(entry[key]);
    if (length !== null) return length;
  }
  return null;
}

/** Recognises a server that signs its OpenAI list at `/v1/models`, as several do, by the owner of its entries. */
export function detectByOwner(owner: string): Detection {
  return {
    paths: ['/v1/models'],
    matches: (responses) => listIsOwnedBy(parseJson(responses.get('/v1/models')?.body ?? ''), owner),
  };
}

/** Whether some entry of an OpenAI list has this owner, in any case. */
export function listIsOwnedBy(body: unknown, owner: string): boolean {
  return asList(asRecord(body)['data']).some(
    (entry) => asText(asRecord(entry)['owned_by'])?.toLowerCase() === owner,
  );
}
