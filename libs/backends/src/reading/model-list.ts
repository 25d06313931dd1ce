import type { EndpointModel } from '@olla/core/snapshot';
import { asList, asRecord, asText, isRecord, type JsonRecord } from './json.ts';
import { newModel, uniqueModels } from './model.ts';

/** The result of reading a body as a list of models. */
export interface ModelList {
  /** Empty if it is no list. */
  readonly models: readonly EndpointModel[];
  /** Why it is no list, to follow "answered"; without text of the backend. Null for a list, which may be empty. */
  readonly problem: string | null;
}

export interface ListRules {
  /** Fields of an entry that may hold the model's name, the most likely first. */
  readonly nameFields: readonly string[];
  /** The data in an entry about its model; an empty entry if the list has only the name. */
  readonly readEntry: (entry: JsonRecord) => Partial<EndpointModel>;
}

/** Fields of an object that hold its list. llama.cpp's has both. */
const LIST_FIELDS = ['data', 'models'] as const;

/**
 * Reads a list of models in each form of servers: `{"data":[…]}`, `{"models":[…]}`, the list itself, or null for an
 * empty one, as servers in Go write it. Never throws.
 *
 * @param body parsed JSON; undefined for invalid JSON
 */
export function readModelList(body: unknown, { nameFields, readEntry }: ListRules): ModelList {
  const entries = entriesOf(body);
  if (typeof entries === 'string') return { models: [], problem: entries };
  const models: EndpointModel[] = [];
  for (const value of entries) {
    const entry = asRecord(value);
    const name =
      asText(value) ?? nameFields.map((field) => asText(entry[field])).find((text) => text !== null);
    if (name != null) models.push(newModel(name, readEntry(entry)));
  }
  if (models.length === 0 && entries.length > 0)
    return { models, problem: `a list whose entries have no ${nameFields.join(', ')}` };
  return { models: uniqueModels(models), problem: null };
}

/** The entries of a list, or why it is none. */
function entriesOf(body: unknown): readonly unknown[] | string {
  if (body === undefined) return 'what is no JSON';
  if (body === null || Array.isArray(body)) return asList(body);
  if (!isRecord(body)) return 'JSON that is no list of models';
  const fields = LIST_FIELDS.filter((field) => Object.hasOwn(body, field));
  const lists = fields.map((field) => body[field]).filter((value) => Array.isArray(value) || value === null);
  if (lists.length > 0) return asList(lists.find((value) => asList(value).length > 0));
  if (fields.length > 0) return `an object whose ${fields.join(' and ')} is no list`;
  if ('error' in body) return 'an error in place of a list of models';
  return `an object without ${LIST_FIELDS.join(' or ')}, where a list of models is`;
}

/** Whether a body has the form of a list of models, so that it says something about the server. */
export function looksLikeModelList(body: unknown): boolean {
  return (
    body !== null &&
    (!Array.isArray(body) || body.length > 0) &&
    readModelList(body, ANY_LIST).problem === null
  );
}

const ANY_LIST: ListRules = { nameFields: ['id', 'name', 'model', 'key'], readEntry: () => ({}) };
