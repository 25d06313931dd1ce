import { showAge, showCount, showMs, showRate, showShare } from '../view/numbers.ts';
import { statusMark } from '../view/status-mark.ts';
import { safeText } from '../view/text.ts';
import { gauge, sparkline } from './glyphs.ts';
import type { History } from './history.ts';
import { cutLine, span, justify, type Line, type Span } from './line.ts';
import type { View } from './view.ts';

/** A full bar of the error sparkline is a tenth of all requests, so that few errors stay low. */
const ERROR_SCALE = 0.1;
/** Data is shown as old after this many intervals. */
const STALE_INTERVALS = 2.5;

/** The lines above the table. */
export function headerLines(view: View, width: number): Line[] {
  return [
    identityLine(view, width),
    ratesLine(view, width),
    latencyLine(view, width),
    limitLine(view, width),
    alertLine(view, width),
  ];
}

function identityLine(view: View, width: number): Line {
  const { history, ascii } = view;
  const { status } = history;
  if (status === null) return [span('olla')];
  const { state, cluster, system } = status;
  const wide = width >= 120;
  const leader = cluster.agents.find((agent) => agent.leading);
  const left: Span[] = [
    span('olla', { bold: true }),
    span(
      ` ${system.version}  ${wide ? 'gateways' : 'gw'} ${cluster.gateways.length}  ${wide ? 'workers' : 'wk'} ${cluster.workers.length}  `,
    ),
    ...(wide
      ? [span(leader === undefined ? 'no agent leads  ' : `agent ${safeText(leader.id)} leads  `)]
      : []),
    state.connected
      ? span(
          `${ascii ? '*' : '●'} ${state.kind}${state.latency_ms === null ? '' : ` ${state.latency_ms.toFixed(1)}ms`}`,
          { color: 'green' },
        )
      : span(
          `${ascii ? 'x' : '✖'} ${state.kind} down ${showAge(Date.parse(status.timestamp) - Date.parse(state.since))}`,
          { color: 'red' },
        ),
    ...(system.draining ? [span('  draining', { color: 'yellow' })] : []),
  ];
  return justify(left, freshness(view), { width, ascii });
}

function freshness({ history, ui, nowMs, clock, failure }: View): Line {
  const ageMs = nowMs - history.receivedMs;
  const every = `every ${ui.intervalMs / 1_000}s`;
  if (failure !== null || ageMs > ui.intervalMs * STALE_INTERVALS) {
    return [span(` DATA ${showAge(ageMs)} OLD `, { color: 'red', bold: true, inverse: true })];
  }
  if (ui.paused) return [span(' PAUSED ', { color: 'yellow', inverse: true })];
  return [span(`${clock} ${every}`)];
}

function ratesLine({ history, ascii }: View, width: number): Line {
  const bars = Math.max(6, Math.min(20, Math.floor((width - 48) / 3)));
  const { rates } = history;
  const errors = (rates.failed ?? 0) > 0;
  return cutLine(
    [
      span(`req/s ${showRate(rates.requestsPerS)} `),
      span(sparkline(history.requests, { width: bars, ascii }), { color: 'cyan' }),
      span(`  tok/s ${showRate(rates.tokensPerS)} `),
      span(sparkline(history.tokens, { width: bars, ascii }), { color: 'cyan' }),
      span('  errors '),
      span(`${showShare(rates.failed)} `, errors ? { color: 'red' } : {}),
      span(
        sparkline(history.failed, { width: bars, ascii, max: ERROR_SCALE }),
        errors ? { color: 'red' } : {},
      ),
    ],
    width,
    ascii,
  );
}

function latencyLine({ history, ascii }: View, width: number): Line {
  const { rates, status } = history;
  const reported = (status?.endpoints ?? []).flatMap(({ backend_queued }) =>
    backend_queued === null ? [] : [backend_queued],
  );
  const queued = reported.length === 0 ? null : reported.reduce((sum, each) => sum + each, 0);
  const text = [
    `TTFT p50 ${showMs(rates.ttftP50Ms)}  p95 ${showMs(rates.ttftP95Ms)}`,
    `in flight ${showCount(status?.system.in_flight ?? null)}`,
    `queued ${showCount(queued)}`,
    `failovers ${rates.retriesPerMin === null ? '-' : Math.round(rates.retriesPerMin)}/min`,
  ].join('   ');
  return cutLine([span(text)], width, ascii);
}

function limitLine({ history, ascii }: View, width: number): Line {
  const limit = history.status?.limits.global;
  if (limit === undefined) return [];
  const refused = `429 ${history.rejectedPerMin === null ? '-' : Math.round(history.rejectedPerMin)}/min`;
  if (limit.requests_per_minute === null) return [span(`global limit off   ${refused}`)];
  const used = history.requestsLastMinute;
  const share = (used ?? 0) / limit.requests_per_minute;
  return cutLine(
    [
      span('global limit '),
      span(gauge(share, 18, ascii), share > 0.9 ? { color: 'red' } : share > 0.7 ? { color: 'yellow' } : {}),
      span(` ${used === null ? '-' : Math.round(used)}/${limit.requests_per_minute} rpm   ${refused}`),
      ...fallbackSpans(history),
    ],
    width,
    ascii,
  );
}

function fallbackSpans({ status }: History): Span[] {
  return status?.limits.fallback_active
    ? [span(`   limits fall back: ${status.limits.fallback}`, { color: 'red' })]
    : [];
}

/** The error of the last read, or the endpoints that need attention. */
function alertLine({ history, failure, ascii }: View, width: number): Line {
  if (failure !== null) return cutLine([span(safeText(failure), { color: 'red' })], width, ascii);
  const marks = (history.status?.endpoints ?? [])
    .map((endpoint) => ({ endpoint, mark: statusMark(endpoint.status) }))
    .filter(({ mark }) => mark.color !== 'green')
    .toSorted((a, b) => a.mark.rank - b.mark.rank);
  if (marks.length === 0) {
    const count = history.status?.endpoints.length ?? 0;
    return [
      count === 0
        ? span('no endpoint is configured', { color: 'red' })
        : span('all endpoints are healthy', { color: 'gray' }),
    ];
  }
  const spans = marks.map(({ endpoint, mark }, i) => {
    // The line has room for one reason: that of the endpoint that needs attention most.
    const reason = i === 0 && endpoint.reason !== '' ? `: ${safeText(endpoint.reason)}` : '';
    const text = `${ascii ? mark.asciiGlyph : mark.glyph} ${safeText(endpoint.name)} ${mark.word}${reason}  `;
    return span(text, { color: mark.color });
  });
  return cutLine(spans, width, ascii);
}
