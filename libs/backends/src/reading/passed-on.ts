import { hasControls } from '@olla/core/control-characters';
import type { ListedFields } from '@olla/core/snapshot';
import type { JsonRecord } from './json.ts';

/** The catalog is sent to every worker, so an entry of it must be small. */
const MAX_FIELD_LENGTH = 1_024;
const MAX_LENGTH = 2_048;

/**
 * Unchanged fields of an entry for listings to pass on. Those that are too long or cannot be shown are left out.
 *
 * @param isWanted which fields
 */
export function passedOn(entry: JsonRecord, isWanted: (field: string) => boolean): ListedFields {
  const kept: [string, unknown][] = [];
  let length = 0;
  for (const [field, value] of Object.entries(entry)) {
    if (!isWanted(field)) continue;
    const text = JSON.stringify(value) ?? '';
    if (text.length > MAX_FIELD_LENGTH || length + text.length > MAX_LENGTH || hasControls(text)) continue;
    length += text.length;
    kept.push([field, value]);
  }
  return Object.fromEntries(kept);
}
