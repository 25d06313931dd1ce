import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSchedstatUs, readProcessCpuUs, readTreeCpu } from './cpu-time.ts';

test('reads nanoseconds from the first field of schedstat', () => {
  assert.equal(parseSchedstatUs('383654969 533185 25\n'), 383654.969);
  assert.equal(parseSchedstatUs(''), undefined);
});

test('reports the CPU time that this process uses', () => {
  const before = { own: readProcessCpuUs(process.pid), tree: readTreeCpu(process.pid).dataPathUs };
  const start = process.cpuUsage();
  let used = 0;
  while (used < 50_000) {
    const { user, system } = process.cpuUsage(start);
    used = user + system;
  }
  const own = readProcessCpuUs(process.pid) - before.own;
  const tree = readTreeCpu(process.pid).dataPathUs - before.tree;
  // The two sources in the kernel differ by a few ticks at most.
  assert.ok(own > used - 25_000, `${own} of ${used}`);
  assert.ok(tree > used - 25_000, `${tree} of ${used}`);
});

test('reports no CPU time for a tree that has exited', () => {
  assert.deepEqual(readTreeCpu(2 ** 30), { dataPathUs: 0, agentUs: 0 });
});
