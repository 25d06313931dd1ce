import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { isRunning, processTree } from '@olla/testing/process-tree';
import { StartedProcess } from '@olla/testing/started-process';
import { waitFor } from '@olla/testing/wait-for';
import type { BenchResult } from './result.ts';
import { WORKLOADS } from './workloads.ts';

const OLLA = join(import.meta.dirname, '../../ctl/src/main.ts');
const DEADLINE_MS = 180_000;

function startBench(...args: string[]): Promise<StartedProcess> {
  return StartedProcess.start(process.execPath, [OLLA, 'bench', '--quick', ...args]);
}

test('measures every workload on nginx and the gateway without an error in a quick run', async () => {
  const bench = await startBench('-o', 'json');
  const { code } = await bench.waitForEnd(DEADLINE_MS);
  const result = JSON.parse(bench.stdout) as BenchResult;
  assert.deepEqual(result.failures, []);
  const wrong = result.measurements.filter(({ errors }) => Object.keys(errors).length > 0);
  assert.deepEqual(wrong, []);
  assert.equal(code, 0, bench.output);
  for (const { id, measuresMemory } of WORKLOADS) {
    for (const target of ['nginx', 'olla']) {
      const found = result.measurements.find(({ workload, target: of }) => workload === id && of === target);
      assert.ok(found !== undefined, `${id} on ${target}`);
      const figure = measuresMemory ? found.memoryKiBPerStream : found.cpuUsPerUnit;
      assert.ok(figure !== undefined && figure > 0, `${id} on ${target}: ${JSON.stringify(found)}`);
    }
  }
  const start = result.targetRuns.find(({ target }) => target === 'olla');
  assert.ok(start?.startUpMs !== undefined && start.startUpMs > 0);
  assert.ok(start.idleMemory!.agentKiB > 0, 'the memory of the agent is reported apart');
  assert.match(bench.stderr, /round 1\/1 +json-32 +olla/);
});

test('ends all processes when SIGINT comes during a run', async () => {
  const bench = await startBench('--duration', '10', '--only', 'json-32', '--targets', 'nginx');
  // The bench, the backend, the generator, and nginx with its worker.
  await bench.until('nginx runs', () => processTree(bench.pid).length >= 5);
  const tree = processTree(bench.pid);
  bench.child.kill('SIGINT');
  assert.equal((await bench.waitForEnd()).code, 130);
  await waitFor(() => !tree.some(isRunning), { describe: 'the end of all processes' });
});

test('reports a program that does not start, and measures the others', async () => {
  const args = [
    '--only',
    'json-32',
    '--targets',
    'broken',
    '--compare',
    'broken=sh -c "echo no luck; exit 3"',
  ];
  const bench = await startBench(...args);
  assert.equal((await bench.waitForEnd(DEADLINE_MS)).code, 1);
  assert.match(bench.stdout, /Not measured:\nbroken exited at its start; it printed:\n +no luck/);
  assert.match(bench.stdout, /^nginx +\d/m);
});
