import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BenchResult, Measurement } from '../result.ts';
import { WORKLOADS } from '../workloads.ts';
import { renderReport } from './report.ts';
import { summarise } from './summary.ts';
import { renderTable } from './table.ts';

const IDLE = { target: 0, agent: 0, generator: 0, backend: 0, others: 0 };

function measurement(part: Partial<Measurement> & Pick<Measurement, 'round' | 'target'>): Measurement {
  return {
    group: 'main',
    workload: 'json-32',
    windowMs: 1000,
    units: 1000,
    unitsPerS: 1000,
    cpuUsPerUnit: undefined,
    latency: undefined,
    firstByte: undefined,
    lateness: undefined,
    memoryKiBPerStream: undefined,
    busy: IDLE,
    errors: {},
    notes: [],
    ...part,
  };
}

function resultOf(measurements: Measurement[], rounds: number): BenchResult {
  const names = [...new Set(measurements.map(({ target }) => target))];
  return {
    format: 1,
    command: 'olla bench',
    startedAt: '2026-01-01T00:00:00.000Z',
    tookS: 1,
    machine: { cpu: 'cpu', cores: 2, kernel: '6', node: 'v26', loadAverageAtStart: 0 },
    cores: { target: 0, generator: 1, backend: 1 },
    rounds,
    windowMs: 1000,
    targets: names.map((name) => ({ name, description: `about ${name}` })),
    measurements,
    targetRuns: [],
    failures: [],
  };
}

test('takes ratios to nginx in the same round', () => {
  const result = resultOf(
    [
      measurement({ round: 0, target: 'nginx', cpuUsPerUnit: 20 }),
      measurement({ round: 0, target: 'olla', cpuUsPerUnit: 60 }),
      measurement({ round: 1, target: 'nginx', cpuUsPerUnit: 40 }),
      measurement({ round: 1, target: 'olla', cpuUsPerUnit: 80 }),
    ],
    2,
  );
  const rows = summarise(result, WORKLOADS).workloads[0]!.rows;
  assert.deepEqual(rows.find((row) => row.target === 'olla')!.cpuRatio, {
    median: 2.5,
    min: 2,
    max: 3,
    rounds: 2,
  });
  assert.deepEqual(rows.find((row) => row.target === 'nginx')!.cpuRatio?.median, 1);
});

test('compares a variant with the nginx of its own group', () => {
  const result = resultOf(
    [
      measurement({ round: 0, target: 'nginx', cpuUsPerUnit: 20 }),
      measurement({ round: 0, target: 'nginx', cpuUsPerUnit: 30, group: 'variants' }),
      measurement({ round: 0, target: 'olla-no-limits', cpuUsPerUnit: 60, group: 'variants' }),
    ],
    1,
  );
  const rows = summarise(result, WORKLOADS).workloads[0]!.rows;
  assert.equal(rows.find((row) => row.target === 'olla-no-limits')!.cpuRatio?.median, 2);
});

test('subtracts the latency of the direct connection, and compares the rest with that of nginx', () => {
  const at = (target: string, p50Us: number, p99Us: number): Measurement =>
    measurement({ round: 0, target, workload: 'json-open', latency: { count: 1, p50Us, p99Us } });
  const result = resultOf([at('direct', 100, 200), at('nginx', 150, 300), at('olla', 250, 500)], 1);
  const row = summarise(result, WORKLOADS).workloads[0]!.rows.find(({ target }) => target === 'olla')!;
  assert.equal(row.addedP50Us?.median, 150);
  assert.equal(row.addedP99Us?.median, 300);
  assert.equal(row.addedP50Ratio?.median, 3);
  assert.equal(row.addedP99Ratio?.median, 3);
});

test('adds the errors of all rounds, and shows notes of one kind once', () => {
  const result = resultOf(
    [
      measurement({ round: 0, target: 'nginx', errors: { 'status 502': 2 }, notes: ['core 91 % busy'] }),
      measurement({ round: 1, target: 'nginx', errors: { 'status 502': 3 }, notes: ['core 95 % busy'] }),
    ],
    2,
  );
  const summary = summarise(result, WORKLOADS);
  assert.deepEqual(summary.workloads[0]!.rows[0]!.errors, { 'status 502': 5 });
  const report = renderReport(result, summary);
  assert.match(report, /! nginx: 5 × status 502/);
  assert.match(report, /· nginx: core 91 % busy, in 2 rounds/);
});

test('lists failures in the report', () => {
  const result = { ...resultOf([], 1), failures: ['olla exited at its start; it printed:\n    port in use'] };
  assert.match(renderReport(result, summarise(result, WORKLOADS)), /Not measured:\nolla exited at its start/);
});

test('aligns the columns of a table and omits those without a value', () => {
  const columns = [
    { title: 'name', cell: (row: string[]) => row[0]! },
    { title: 'µs', cell: (row: string[]) => row[1]! },
    { title: 'none', cell: () => '' },
  ];
  assert.equal(
    renderTable(columns, [
      ['direct', ''],
      ['nginx', '12.5'],
    ]),
    'name      µs\ndirect     –\nnginx   12.5',
  );
});
