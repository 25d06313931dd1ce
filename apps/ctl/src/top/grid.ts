import { padText, safeText } from '../view/text.ts';
import { span, type Color, type Line } from './line.ts';

/** A column of a live table. */
export interface GridColumn<Row> {
  readonly title: string;
  /** In terminal columns; the least for one that grows. */
  readonly width: number;
  /** How much it may grow where there is room. */
  readonly grows?: number;
  readonly align?: 'left' | 'right';
  readonly cell: (row: Row, width: number) => { readonly text: string; readonly color?: Color };
}

/** Columns of the cursor before a row. */
const MARGIN = 2;

interface Placed<Row> {
  readonly column: GridColumn<Row>;
  readonly width: number;
}

/** The columns that fit, from the left; what is left goes to those that grow. */
export function placeColumns<Row>(columns: readonly GridColumn<Row>[], width: number): Placed<Row>[] {
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

export function headLine<Row>(columns: readonly Placed<Row>[], sortedBy: string): Line {
  return [
    span(' '.repeat(MARGIN)),
    ...columns.flatMap(({ column, width }, index) => [
      ...(index > 0 ? [span(' ')] : []),
      span(padText(column.title, width, column.align), {
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

export function rowLine<Row>(columns: readonly Placed<Row>[], row: Row, { selected, ascii }: RowStyle): Line {
  const line: Line = [
    span(selected ? (ascii ? '> ' : '▶ ') : '  ', selected ? { color: 'cyan' } : {}),
    ...columns.flatMap(({ column, width }, index) => {
      const { text, color } = column.cell(row, width);
      const shown = padText(safeText(text), width, column.align, ascii);
      return [...(index > 0 ? [span(' ')] : []), span(shown, color === undefined ? {} : { color })];
    }),
  ];
  return selected ? line.map((piece) => ({ ...piece, bold: true as const })) : line;
}
