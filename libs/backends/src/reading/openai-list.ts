import type { EndpointModel } from '@olla/core/snapshot';
import type { Detection } from '../profile.ts';
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
import { kindOfCapabilities, newModel, uniqueModels } from './model.ts';

/** Whether a body is `{"object":"list","data":[{"id"}]}`, the list that most servers have at `/v1/models`. */
export function isOpenAiList(body: unknown): boolean {
  return isRecord(body) && Array.isArray(body['data']);
}

/**
 * Reads an OpenAI list, and the context length under the names that servers use for it.
 *
 * @param more what the type reads from an entry beside that
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

/** Recognises a server by the `owned_by` of its OpenAI list, in which several servers put their name. */
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
