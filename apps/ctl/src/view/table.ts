import { padText, safeText, textWidth } from './text.ts';

/** A column of a printed table. */
export interface Column<Row> {
  readonly title: string;
  readonly align?: 'left' | 'right';
  /** Shown only with `-o wide`. */
  readonly wide?: true;
  readonly value: (row: Row) => string;
  readonly color?: (row: Row) => 'green' | 'yellow' | 'red' | 'gray' | null;
}

const CODES = { green: 32, yellow: 33, red: 31, gray: 90 } as const;

/** Formats a table for a pipe or a terminal. Columns are as wide as their cells, and line ends are not padded. */
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
        const padded = padText(text, widths[index] ?? 0, { align: column?.align });
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
