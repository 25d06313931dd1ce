import type { LeafKind } from './leaf.ts';

const TRUE = new Set(['true', 't', '1', 'yes', 'on']);
const FALSE = new Set(['false', 'f', '0', 'no', 'off']);

/**
 * Converts text to the kind of value that a key has. Text that cannot be converted is returned unchanged, and the schema
 * then refuses it. Durations and sizes stay text, because the schema parses them. Commas separate the items of a list.
 */
export function coerceText(kind: LeafKind, text: string): unknown {
  const trimmed = text.trim();
  switch (kind) {
    case 'int':
    case 'number':
      return /^[+-]?\d+(\.\d+)?$/.test(trimmed) ? Number(trimmed) : text;
    case 'bool':
      if (TRUE.has(trimmed.toLowerCase())) return true;
      return FALSE.has(trimmed.toLowerCase()) ? false : text;
    case 'list':
    case 'int list':
      return splitList(trimmed).map((item) => (kind === 'list' ? item : coerceText('int', item)));
    case 'choice':
    case 'duration':
    case 'size':
      return trimmed;
    default:
      return text;
  }
}

function splitList(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}
