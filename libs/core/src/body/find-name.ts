import { decodeString } from './json-bytes.ts';
import { skipSpace, spells, walkObject } from './json-walk.ts';
import type { BodyFields } from './body-fields.ts';

/**
 * The model of a body that has it in another field than `model`: `name` and `source` of Ollama's calls.
 *
 * @param body a whole JSON object
 * @returns null where it has no such field that is a string
 */
export function findName(body: Buffer, field: string): BodyFields | null {
  const key = JSON.stringify(field);
  let found: BodyFields | null = null;
  walkObject(body, skipSpace(body, 0), ({ keyStart, keyEnd, valueStart, valueEnd }) => {
    if (!spells(body, keyStart, keyEnd, key)) return false;
    const model =
      body[valueStart] === 0x22 ? decodeString(body.subarray(valueStart + 1, valueEnd - 1)) : null;
    if (model !== null && valueEnd > 0)
      found = { state: 'done', model, modelStart: valueStart, modelEnd: valueEnd, error: null, reason: '' };
    return true;
  });
  return found;
}
