import { toChoice } from './choices.ts';
import type { KeyRow } from './key-table.ts';

const TRUE = new Set(['true', 't', '1', 'yes', 'y', 'on']);
const FALSE = new Set(['false', 'f', '0', 'no', 'n', 'off']);

/**
 * Converts text to the kind of value that a key has. Text that cannot be converted is returned unchanged, and the schema
 * then refuses it. Durations and sizes stay text, because the schema parses them. Commas separate the items of a list.
 */
export function coerceText(row: KeyRow, text: string): unknown {
  const trimmed = text.trim();
  switch (row.kind) {
    case 'int':
    case 'number':
      return toNumber(text);
    case 'bool':
      if (TRUE.has(trimmed.toLowerCase())) return true;
      return FALSE.has(trimmed.toLowerCase()) ? false : text;
    case 'list':
    case 'int list':
      return splitList(trimmed).map((item) => coerceItem(row, item));
    case 'choice':
      return toChoice(row, text);
    case 'duration':
    case 'size':
      return trimmed;
    default:
      return text;
  }
}

/** Converts the text of one item of a list or map. */
export function coerceItem(row: KeyRow, text: string): unknown {
  if (row.kind === 'int list') return toNumber(text);
  return row.kind === 'list' ? toChoice(row, text) : text;
}

/** A decimal number, with `_` between digits as Go's YAML reads it; else the text. */
function toNumber(text: string): number | string {
  const plain = text.trim().replace(/(?<=\d)_(?=\d)/g, '');
  return /^[+-]?\d+(\.\d+)?$/.test(plain) ? Number(plain) : text;
}

function splitList(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}
