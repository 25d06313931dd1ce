import type { ModelEntry } from './body-fields.ts';
import { decodeString, QUOTE } from './json-bytes.ts';
import { skipSpace, walkObject } from './json-walk.ts';
import { ANY_CASE_RULES, readModel, type ModelReading } from './read-model.ts';

/** A name of 13 letters with each letter written as \uXXXX, in quotes. */
const MAX_KEY_BYTES = 80;

/**
 * The model that a body names in another field than `model`: `name`, `source` and others of Ollama's calls. In any
 * letter case, as Ollama reads them.
 *
 * @param body a whole JSON object
 */
export function findField(body: Buffer, field: string): ModelReading {
  const wanted = folded(field);
  const entries: ModelEntry[] = [];
  walkObject(body, skipSpace(body, 0), ({ keyStart, keyEnd, valueStart, valueEnd }) => {
    if (keyEnd - keyStart > MAX_KEY_BYTES) return false;
    const key = decodeString(body.subarray(keyStart + 1, keyEnd - 1));
    if (key === null || folded(key) !== wanted) return false;
    const model = valueEnd < 0 ? undefined : valueOf(body.subarray(valueStart, valueEnd));
    entries.push({ model, isExact: key === field, start: valueStart, end: valueEnd });
    return false;
  });
  return readModel({ fields: { entries }, inQuery: [], hasBody: true }, ANY_CASE_RULES);
}

/** As Go's encoding/json compares names: `ſ` and the Kelvin sign are letters of ASCII to it. */
function folded(key: string): string {
  return key.toLowerCase().toUpperCase();
}

/** A name; null for JSON's `null`; undefined for a value that cannot be a name. */
function valueOf(token: Buffer): string | null | undefined {
  if (token[0] === QUOTE) return decodeString(token.subarray(1, -1)) ?? undefined;
  return token.toString('latin1').trim() === 'null' ? null : undefined;
}
