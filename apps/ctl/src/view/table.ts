import { padText, safeText, textWidth } from './text.ts';

/** One column of a table, the same for a printed table and for a screen. */
export interface Column<Row> {
  readonly title: string;
  readonly align?: 'left' | 'right';
  /** Only in `-o wide`, or where a screen has room. */
  readonly wide?: true;
  readonly value: (row: Row) => string;
  readonly color?: (row: Row) => 'green' | 'yellow' | 'red' | 'gray' | null;
}

const CODES = { green: 32, yellow: 33, red: 31, gray: 90 } as const;

/** A table for a pipe or a terminal: as wide as what is in it, no line at its ends padded. */
export function printTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  color: boolean,
): string {
  const cells = rows.map((row) => columns.map((column) => safeText(column.value(row))));
  const widths = columns.map((column, index) =>
    Math.max(textWidth(column.title), ...cells.map((line) => textWidth(line[index] ?? ''))),
  );
  const line = (texts: readonly string[], row: Row | null): string =>
    texts
      .map((text, index) => {
        const column = columns[index];
        const padded = padText(text, widths[index] ?? 0, column?.align);
        const paint = color && row !== null ? column?.color?.(row) : null;
        return paint ? `\u001b[${CODES[paint]}m${padded}\u001b[39m` : padded;
      })
      .join('  ')
      .trimEnd();
  const head = line(
    columns.map((column) => column.title),
    null,
  );
  return `${[head, ...cells.map((texts, index) => line(texts, rows[index] ?? null))].join('\n')}\n`;
}
