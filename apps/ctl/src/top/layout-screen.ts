import { endpointGrid, endpointRows, matchesEndpoint, sortEndpoints } from './endpoint-grid.ts';
import { headLine, placeColumns, rowLine, type GridColumn } from './grid.ts';
import { headerLines } from './header-lines.ts';
import { helpLines } from './help-lines.ts';
import { cutLine, span, justify, type Line } from './line.ts';
import { liveModelRows, matchesModel, MODEL_GRID, sortModels } from './model-grid.ts';
import { selectedIndex } from './press-key.ts';
import { SCREENS, type UiState } from './ui-state.ts';
import type { Size, View } from './view.ts';

/** The smallest terminal that the screen fits. */
export const MIN_SIZE: Size = { columns: 60, rows: 16 };

export interface Frame {
  /** No more lines than the terminal has rows, and none wider than it. */
  readonly lines: readonly Line[];
  /** The names of all rows in order, with those that are not visible. */
  readonly names: readonly string[];
  readonly pageRows: number;
}

/** Lays out a view for a terminal size. Pure. */
export function layoutScreen(view: View, size: Size): Frame {
  const { columns, rows } = size;
  if (columns < MIN_SIZE.columns || rows < MIN_SIZE.rows) return tooSmallFrame(size);
  const header = headerLines(view, columns);
  if (view.ui.help) {
    const lines = [...header, [], ...helpLines(columns)].slice(0, rows - 1);
    return { lines: [...lines, footerLine(view, columns)], names: [], pageRows: 1 };
  }
  const room = rows - header.length - 3;
  const table = selectTable(view, columns, room);
  const filler: Line[] = Array.from({ length: room - table.body.length }, () => []);
  return {
    lines: [
      ...header,
      tabLine(view, table, columns),
      table.head,
      ...table.body,
      ...filler,
      footerLine(view, columns),
    ],
    names: table.names,
    pageRows: Math.max(1, room - 1),
  };
}

function tooSmallFrame({ columns, rows }: Size): Frame {
  const text = `olla top needs ${MIN_SIZE.columns}x${MIN_SIZE.rows}, this terminal has ${columns}x${rows}. q quits. Try: olla ctl status`;
  const width = Math.max(1, columns);
  const lines: Line[] = [];
  for (let at = 0; at < text.length && lines.length < Math.max(1, rows); at += width)
    lines.push([span(text.slice(at, at + width))]);
  return { lines, names: [], pageRows: 1 };
}

interface Table {
  readonly head: Line;
  readonly body: readonly Line[];
  readonly names: readonly string[];
  readonly hidden: number;
}

function selectTable(view: View, width: number, room: number): Table {
  const { ui, history, ascii } = view;
  const { sort, reversed } = ui.screens[ui.screen];
  if (ui.screen === 'models') {
    const rows = liveModelRows(history).filter((row) => matchesModel(row, ui.filter));
    return drawTable(MODEL_GRID, sortModels(rows, sort, reversed), { ui, width, room, ascii });
  }
  const rows = endpointRows(history).filter((row) => matchesEndpoint(row, ui.filter));
  return drawTable(endpointGrid(ascii), sortEndpoints(rows, sort, reversed), { ui, width, room, ascii });
}

interface TableOptions {
  readonly ui: UiState;
  readonly width: number;
  readonly room: number;
  readonly ascii: boolean;
}

function drawTable<Row extends { readonly name: string }>(
  columns: readonly GridColumn<Row>[],
  rows: readonly Row[],
  { ui, width, room, ascii }: TableOptions,
): Table {
  const placed = placeColumns(columns, width);
  const screen = ui.screens[ui.screen];
  const names = rows.map((row) => row.name);
  const selected = selectedIndex(screen, names);
  // The visible part moves by whole pages, so that the cursor moves and the rows stay.
  const first = rows.length <= room ? 0 : Math.min(Math.floor(selected / room) * room, rows.length - room);
  const visible = rows.slice(first, first + room);
  return {
    head: headLine(placed, screen.sort),
    body: visible.map((row, index) => rowLine(placed, row, { selected: first + index === selected, ascii })),
    names,
    hidden: rows.length - visible.length,
  };
}

function tabLine({ ui, ascii, history }: View, table: Table, width: number): Line {
  const tabs = SCREENS.map((screen, index) => {
    const title = ` ${index + 1} ${screen[0]?.toUpperCase() ?? ''}${screen.slice(1)} `;
    return span(title, screen === ui.screen ? { inverse: true, bold: true } : {});
  });
  const { sort, reversed } = ui.screens[ui.screen];
  const all = ui.screen === 'models' ? history.models.length : (history.status?.endpoints.length ?? 0);
  const count = ui.filter === '' ? `${all} rows` : `${table.names.length} of ${all} match "${ui.filter}"`;
  const more = table.hidden > 0 ? `, ${table.hidden} out of view` : '';
  const right = [span(`${count}${more}   by ${sort}${reversed ? ', reversed' : ''}`, { color: 'gray' })];
  return justify(tabs, right, { width, ascii });
}

function footerLine({ ui, ascii }: View, width: number): Line {
  if (ui.confirmation !== null)
    return cutLine([span(`${ui.confirmation.text} [y/N]`, { color: 'yellow', bold: true })], width, ascii);
  if (ui.typing)
    return cutLine(
      [span(`/${ui.filter}_   Enter keeps the filter, Esc clears it`, { color: 'cyan' })],
      width,
      ascii,
    );
  if (ui.notice !== null) {
    return cutLine(
      [span(ui.notice.text, { color: ui.notice.tone === 'error' ? 'red' : 'green' })],
      width,
      ascii,
    );
  }
  const keys = 'q quit  ? help  / filter  s sort  space pause  d drain  u resume';
  return cutLine([span(keys, { color: 'gray' })], width, ascii);
}
