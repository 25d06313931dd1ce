import type { BenchResult } from '../result.ts';
import type { Spread } from '../statistics.ts';
import type { StartSummary, Summary, SummaryRow, WorkloadSummary } from './summary.ts';
import { renderTable, type Column } from './table.ts';

/** The whole report as text. */
export function renderReport(result: BenchResult, summary: Summary): string {
  const { machine, cores } = result;
  const head = [
    `${machine.cpu}, ${machine.cores} cores, Linux ${machine.kernel}, Node ${machine.node}, load ${machine.loadAverageAtStart.toFixed(2)} at the start`,
    `compared programs on core ${cores.target}, generator on ${cores.generator}, backend on ${cores.backend}`,
    `${formatRounds(result.rounds)} with windows of ${result.windowMs / 1000} s; took ${result.tookS} s`,
    'Median of the rounds (least – most). "× nginx" is the ratio to nginx in the same round.',
    '',
    ...result.targets.map(({ name, description }) => `${name.padEnd(18)}${description}`),
  ].join('\n');
  const parts = [head, ...summary.workloads.map(renderWorkload)];
  if (summary.starts.length > 0) parts.push(renderStarts(summary.starts));
  if (result.failures.length > 0) parts.push(['Not measured:', ...result.failures].join('\n'));
  return `${parts.join('\n\n')}\n`;
}

export function formatRounds(rounds: number): string {
  return rounds === 1 ? '1 round' : `${rounds} rounds`;
}

function renderWorkload(summary: WorkloadSummary): string {
  const columns: Column<SummaryRow>[] = [
    { title: 'target', cell: (row) => row.target },
    { title: `CPU µs/${summary.unit}`, cell: (row) => formatMedian(row.cpuUsPerUnit, 1) },
    { title: '× nginx', cell: (row) => formatSpread(row.cpuRatio, 2) },
    {
      title: `${summary.unit}s/s`,
      cell: (row) => (row.memoryKiBPerStream ? '' : formatMedian(row.unitsPerS, 0)),
    },
    { title: '× nginx', cell: (row) => (row.memoryKiBPerStream ? '' : formatSpread(row.rateRatio, 2)) },
    { title: 'p50 ms', cell: (row) => formatMs(row.p50Us) },
    { title: 'p99 ms', cell: (row) => formatMs(row.p99Us) },
    { title: 'added p50 ms', cell: (row) => formatMs(row.addedP50Us) },
    { title: '× nginx', cell: (row) => formatSpread(row.addedP50Ratio, 2) },
    { title: 'added p99 ms', cell: (row) => formatMs(row.addedP99Us) },
    { title: '× nginx', cell: (row) => formatSpread(row.addedP99Ratio, 2) },
    { title: 'KiB a stream', cell: (row) => formatSpread(row.memoryKiBPerStream, 1) },
  ];
  const problems = summary.rows.flatMap((row) => [
    ...Object.entries(row.errors).map(([problem, count]) => `  ! ${row.target}: ${count} × ${problem}`),
    ...row.notes.map((note) => `  · ${row.target}: ${note}`),
  ]);
  return [`${summary.workload}: ${summary.title}`, renderTable(columns, summary.rows), ...problems].join(
    '\n',
  );
}

function renderStarts(starts: readonly StartSummary[]): string {
  const columns: Column<StartSummary>[] = [
    { title: 'target', cell: (row) => row.target },
    { title: 'start-up ms', cell: (row) => formatSpread(row.startUpMs, 0) },
    { title: 'idle MiB', cell: (row) => formatSpread(row.idleMiB, 1) },
    { title: 'after load MiB', cell: (row) => formatSpread(row.afterLoadMiB, 1) },
    { title: 'worker RSS MiB', cell: (row) => formatSpread(row.largestWorkerMiB, 1) },
    { title: 'agent MiB', cell: (row) => formatSpread(row.agentMiB, 1) },
  ];
  const title =
    'Start-up (from process start to first response) and memory (proportional set size, without the agent)';
  return `${title}\n${renderTable(columns, starts)}`;
}

function formatMedian(spread: Spread | undefined, digits: number): string {
  return spread === undefined ? '' : spread.median.toFixed(digits);
}

function formatSpread(spread: Spread | undefined, digits: number): string {
  if (spread === undefined) return '';
  const median = spread.median.toFixed(digits);
  return spread.rounds === 1
    ? median
    : `${median} (${spread.min.toFixed(digits)} – ${spread.max.toFixed(digits)})`;
}

function formatMs(spread: Spread | undefined): string {
  return spread === undefined ? '' : (spread.median / 1000).toFixed(2);
}
