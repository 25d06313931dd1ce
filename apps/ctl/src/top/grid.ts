import { padText, safeText } from '../view/text.ts';
import { span, type Color, type Line } from './line.ts';

/** A column of a table on the screen. */
export interface GridColumn<Row> {
  readonly title: string;
  /** Width in terminal columns; the least width of a column that grows. */
  readonly width: number;
  /** How many terminal columns it may grow. */
  readonly grows?: number;
  readonly align?: 'left' | 'right';
  readonly cell: (row: Row, width: number) => { readonly text: string; readonly color?: Color };
}

/** Terminal columns of the cursor before each row. */
const MARGIN = 2;

interface PlacedColumn<Row> {
  readonly column: GridColumn<Row>;
  readonly width: number;
}

/** Selects the columns that fit, from the left, and gives the remaining width to those that grow. */
export function placeColumns<Row>(columns: readonly GridColumn<Row>[], width: number): PlacedColumn<Row>[] {
  let left = width - MARGIN;
  const fitting: GridColumn<Row>[] = [];
  for (const column of columns) {
    const needed = column.width + (fitting.length > 0 ? 1 : 0);
    if (needed > left) break;
    fitting.push(column);
    left -= needed;
  }
  return fitting.map((column) => {
    const more = Math.min(left, column.grows ?? 0);
    left -= more;
    return { column, width: column.width + more };
  });
}

export function headLine<Row>(columns: readonly PlacedColumn<Row>[], sortedBy: string): Line {
  return [
    span(' '.repeat(MARGIN)),
    ...columns.flatMap(({ column, width }, index) => [
      ...(index > 0 ? [span(' ')] : []),
      span(padText(column.title, width, { align: column.align }), {
        bold: true,
        ...(column.title.toLowerCase() === sortedBy ? { color: 'cyan' as const } : {}),
      }),
    ]),
  ];
}

export interface RowStyle {
  readonly selected: boolean;
  readonly ascii: boolean;
}

export function rowLine<Row>(
  columns: readonly PlacedColumn<Row>[],
  row: Row,
  { selected, ascii }: RowStyle,
): Line {
  const line: Line = [
    span(selected ? (ascii ? '> ' : '▶ ') : '  ', selected ? { color: 'cyan' } : {}),
    ...columns.flatMap(({ column, width }, index) => {
      const { text, color } = column.cell(row, width);
      const shown = padText(safeText(text), width, { align: column.align, ascii });
      return [...(index > 0 ? [span(' ')] : []), span(shown, color === undefined ? {} : { color })];
    }),
  ];
  return selected ? line.map((piece) => ({ ...piece, bold: true as const })) : line;
}
