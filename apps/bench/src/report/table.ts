/** A column of a table of text: its title and the cell of each row, empty for no value. */
export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => string;
}

/** Aligned columns, the first to the left, the rest to the right; a column without any value is left out. */
export function renderTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const shown = columns
    .map(({ title, cell }) => ({ title, cells: rows.map(cell) }))
    .filter(({ cells }) => cells.some((cell) => cell !== ''));
  const widths = shown.map(({ title, cells }) => Math.max(title.length, ...cells.map((cell) => cell.length)));
  const line = (texts: readonly string[]): string =>
    texts
      .map((text, at) => (at === 0 ? text.padEnd(widths[at]!) : text.padStart(widths[at]!)))
      .join('  ')
      .trimEnd();
  return [
    line(shown.map(({ title }) => title)),
    ...rows.map((_, row) => line(shown.map(({ cells }) => cells[row] || '–'))),
  ].join('\n');
}
