import { modelRows, showLoaded, type ModelRow } from '../view/model-rows.ts';
import { showCount, showMs, showRate, UNKNOWN } from '../view/numbers.ts';
import { NO_RATES, type Rates } from './counters.ts';
import type { GridColumn } from './grid.ts';
import type { History } from './history.ts';

export interface LiveModelRow extends ModelRow {
  readonly rates: Rates;
}

/** The columns, most important first. Those that do not fit are omitted from the right. */
export const MODEL_GRID: readonly GridColumn<LiveModelRow>[] = [
  { title: 'MODEL', width: 24, grows: 24, cell: ({ name }) => ({ text: name }) },
  {
    title: 'LOADED',
    width: 6,
    align: 'right',
    cell: (row) => ({ text: showLoaded(row), ...(row.loaded ? { color: 'green' as const } : {}) }),
  },
  { title: 'REQ/S', width: 6, align: 'right', cell: ({ rates }) => ({ text: showRate(rates.requestsPerS) }) },
  { title: 'TOK/S', width: 7, align: 'right', cell: ({ rates }) => ({ text: showRate(rates.tokensPerS) }) },
  { title: 'TTFT95', width: 7, align: 'right', cell: ({ rates }) => ({ text: showMs(rates.ttftP95Ms) }) },
  {
    title: 'ENDPOINTS',
    width: 12,
    grows: 30,
    cell: ({ endpoints }) => ({ text: endpoints.join(' ') || UNKNOWN }),
  },
  {
    title: 'REQUESTS',
    width: 9,
    align: 'right',
    cell: ({ stats }) => ({ text: showCount(stats?.requests ?? 0) }),
  },
  {
    title: 'CONTEXT',
    width: 9,
    align: 'right',
    cell: ({ contextLength }) => ({ text: showCount(contextLength) }),
  },
  { title: 'PARAMS', width: 8, align: 'right', cell: ({ parameters }) => ({ text: parameters || UNKNOWN }) },
  { title: 'QUANT', width: 8, cell: ({ quantization }) => ({ text: quantization || UNKNOWN }) },
];

export function liveModelRows({ models, stats, modelRates }: History): LiveModelRow[] {
  return modelRows(models, stats).map((row) => ({ ...row, rates: modelRates.get(row.name) ?? NO_RATES }));
}

type Compare = (a: LiveModelRow, b: LiveModelRow) => number;

const COMPARE: Readonly<Record<string, Compare>> = {
  name: () => 0,
  'req/s': (a, b) => (b.rates.requestsPerS ?? -1) - (a.rates.requestsPerS ?? -1),
  'tok/s': (a, b) => (b.rates.tokensPerS ?? -1) - (a.rates.tokensPerS ?? -1),
  ttft95: (a, b) => (b.rates.ttftP95Ms ?? -1) - (a.rates.ttftP95Ms ?? -1),
  loaded: (a, b) => (b.loaded ?? -1) - (a.loaded ?? -1),
};

export function sortModels(rows: readonly LiveModelRow[], sort: string, reversed: boolean): LiveModelRow[] {
  const compare = COMPARE[sort] ?? COMPARE['name'];
  const byName: Compare = (a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
  const sorted = rows.toSorted((a, b) => compare?.(a, b) || byName(a, b));
  return reversed ? sorted.reverse() : sorted;
}

export function matchesModel(row: LiveModelRow, filter: string): boolean {
  return [row.name, row.family, ...row.aliasFor, ...row.aliases, ...row.endpoints]
    .join(' ')
    .toLowerCase()
    .includes(filter.trim().toLowerCase());
}
