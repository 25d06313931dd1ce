import { fitText, textWidth } from '../view/text.ts';

export type Color = 'green' | 'yellow' | 'red' | 'gray' | 'cyan';

/** A part of a line in one style. */
export interface Span {
  readonly text: string;
  readonly color?: Color;
  readonly bold?: true;
  readonly inverse?: true;
}

/** One line of the screen. */
export type Line = readonly Span[];

export function span(text: string, style: Omit<Span, 'text'> = {}): Span {
  return { text, ...style };
}

export function lineWidth(line: Line): number {
  return line.reduce((sum, { text }) => sum + textWidth(text), 0);
}

/** Cuts a line to a width. */
export function cutLine(line: Line, width: number, ascii: boolean): Line {
  if (lineWidth(line) <= width) return line;
  const cut: Span[] = [];
  let left = width;
  for (const piece of line) {
    const used = textWidth(piece.text);
    if (used > left) {
      cut.push({ ...piece, text: fitText(piece.text, left, ascii) });
      break;
    }
    cut.push(piece);
    left -= used;
  }
  return cut;
}

export interface LineFormat {
  readonly width: number;
  readonly ascii: boolean;
}

/** Puts `left` and `right` at the two ends of a line. `left` is cut when both do not fit. */
export function justify(left: Line, right: Line, { width, ascii }: LineFormat): Line {
  const rightWidth = lineWidth(right);
  if (rightWidth >= width) return cutLine(right, width, ascii);
  const start = cutLine(left, width - rightWidth - 1, ascii);
  return [...start, span(' '.repeat(width - rightWidth - lineWidth(start))), ...right];
}
