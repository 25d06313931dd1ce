import stringWidth from 'string-width';
import { removeControls } from '@olla/core/control-characters';

const PRINTABLE_ASCII = /^[\x20-\x7e]*$/;
/** Whole escape sequences, so that no part of one is left as text. */
const SEQUENCES = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|.)/gu;

/** Removes control characters and escape sequences from text of clients, backends or configuration. */
export function safeText(text: string): string {
  if (PRINTABLE_ASCII.test(text)) return text;
  return removeControls(text.replace(SEQUENCES, ''));
}

/** The terminal columns that a text takes. */
export function textWidth(text: string): number {
  return PRINTABLE_ASCII.test(text) ? text.length : stringWidth(text);
}

/** Cuts a text to a width and ends a cut text with `…`, or `~` in ASCII. */
export function fitText(text: string, width: number, ascii = false): string {
  if (textWidth(text) <= width) return text;
  if (width <= 0) return '';
  let cut = '';
  let used = 0;
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    const next = textWidth(segment);
    if (used + next > width - 1) break;
    cut += segment;
    used += next;
  }
  return cut + (ascii ? '~' : '…');
}

export interface PadOptions {
  readonly align?: 'left' | 'right' | undefined;
  readonly ascii?: boolean;
}

/** Cuts or pads a text to exactly `width` columns. */
export function padText(
  text: string,
  width: number,
  { align = 'left', ascii = false }: PadOptions = {},
): string {
  const fitted = fitText(text, width, ascii);
  const space = ' '.repeat(Math.max(0, width - textWidth(fitted)));
  return align === 'left' ? fitted + space : space + fitted;
}
