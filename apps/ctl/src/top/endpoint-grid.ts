import type { StatusEndpoint } from '@olla/admin-api/schema/status';
import { showInFlight, showModels } from '../view/endpoint-columns.ts';
import { showCount, showMs, showRate, showShare } from '../view/numbers.ts';
import { showStatusMark, statusMark } from '../view/status-mark.ts';
import { NO_RATES, type Rates } from './counters.ts';
import { gauge, sparkline } from './glyphs.ts';
import type { GridColumn } from './grid.ts';
import type { History, Series } from './history.ts';

export interface EndpointRow {
  readonly name: string;
  readonly endpoint: StatusEndpoint;
  readonly rates: Rates;
  readonly tokens: Series;
}

const GAUGE_WIDTH = 10;

/** The columns, most important first. Those that do not fit are omitted from the right. */
export function endpointGrid(ascii: boolean): GridColumn<EndpointRow>[] {
  return [
    { title: 'ENDPOINT', width: 14, grows: 14, cell: ({ name }) => ({ text: name }) },
    {
      title: 'STATE',
      width: 11,
      cell: ({ endpoint }) => {
        const mark = statusMark(endpoint.status);
        return { text: showStatusMark(mark, ascii), color: mark.color };
      },
    },
    { title: 'IN FLIGHT', width: 17, cell: ({ endpoint }) => ({ text: inFlightCell(endpoint, ascii) }) },
    {
      title: 'QUE',
      width: 4,
      align: 'right',
      cell: ({ endpoint }) => ({ text: showCount(endpoint.backend_queued) }),
    },
    { title: 'TOK/S', width: 7, align: 'right', cell: ({ rates }) => ({ text: showRate(rates.tokensPerS) }) },
    { title: 'TTFT95', width: 7, align: 'right', cell: ({ rates }) => ({ text: showMs(rates.ttftP95Ms) }) },
    {
      title: 'TOK/S RECENT',
      width: 12,
      grows: 8,
      cell: ({ tokens }, width) => ({ text: sparkline(tokens, { width, ascii }), color: 'cyan' }),
    },
    { title: 'TYPE', width: 11, grows: 8, cell: ({ endpoint }) => ({ text: endpoint.type }) },
    { title: 'ERR', width: 5, align: 'right', cell: ({ rates }) => ({ text: showShare(rates.failed) }) },
    { title: 'TTFT50', width: 7, align: 'right', cell: ({ rates }) => ({ text: showMs(rates.ttftP50Ms) }) },
    {
      title: 'REQ/S',
      width: 6,
      align: 'right',
      cell: ({ rates }) => ({ text: showRate(rates.requestsPerS) }),
    },
    { title: 'MODELS', width: 9, align: 'right', cell: ({ endpoint }) => ({ text: showModels(endpoint) }) },
    {
      title: 'REQUESTS',
      width: 10,
      align: 'right',
      cell: ({ endpoint }) => ({ text: showCount(endpoint.requests) }),
    },
  ];
}

function inFlightCell(endpoint: StatusEndpoint, ascii: boolean): string {
  const share = endpoint.slots ? endpoint.in_flight / endpoint.slots : 0;
  const bar = endpoint.slots ? gauge(share, GAUGE_WIDTH, ascii) : ' '.repeat(GAUGE_WIDTH);
  return `${bar}${showInFlight(endpoint).padStart(7)}`;
}

export function endpointRows({ status, endpoints }: History): EndpointRow[] {
  return (status?.endpoints ?? []).map((endpoint) => {
    const { rates = NO_RATES, tokens = [] } = endpoints.get(endpoint.name) ?? {};
    return { name: endpoint.name, endpoint, rates, tokens };
  });
}

type Compare = (a: EndpointRow, b: EndpointRow) => number;

const COMPARE: Readonly<Record<string, Compare>> = {
  state: (a, b) => rank(a) - rank(b),
  name: () => 0,
  'in flight': (a, b) => b.endpoint.in_flight - a.endpoint.in_flight,
  'tok/s': (a, b) => (b.rates.tokensPerS ?? -1) - (a.rates.tokensPerS ?? -1),
  ttft95: (a, b) => (b.rates.ttftP95Ms ?? -1) - (a.rates.ttftP95Ms ?? -1),
};

function rank({ endpoint }: EndpointRow): number {
  return statusMark(endpoint.status).rank;
}

/** Sorts rows; equal rows keep the order of their names, so that they do not move at each update. */
export function sortEndpoints(rows: readonly EndpointRow[], sort: string, reversed: boolean): EndpointRow[] {
  const compare = COMPARE[sort] ?? COMPARE['name'];
  const byName: Compare = (a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
  const sorted = rows.toSorted((a, b) => compare?.(a, b) || byName(a, b));
  return reversed ? sorted.reverse() : sorted;
}

/** Whether a row matches a filter: `state:offline`, or a part of its name or type. */
export function matchesEndpoint({ endpoint }: EndpointRow, filter: string): boolean {
  const wanted = filter.trim().toLowerCase();
  if (wanted.startsWith('state:')) {
    const state = wanted.slice('state:'.length);
    return statusMark(endpoint.status).word.startsWith(state) || endpoint.status.startsWith(state);
  }
  return `${endpoint.name} ${endpoint.type}`.toLowerCase().includes(wanted);
}
