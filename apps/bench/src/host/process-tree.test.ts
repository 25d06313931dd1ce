import assert from 'node:assert/strict';
import { test } from 'node:test';
import { descendants, parseProcessStat, readProcessTree, roleOfEnvironment } from './process-tree.ts';

const STAT =
  '1234 (a (strange) name) S 77 1234 1234 0 -1 4194304 2807 0 16 0 37 15 0 0 20 0 7 0 107396 948613120 11617 0';

test('reads a stat line whose process name holds spaces and parentheses', () => {
  assert.deepEqual(parseProcessStat(STAT), { pid: 1234, parentPid: 77, ownTicks: 52 });
});

test('returns undefined for a text that is not a stat line', () => {
  assert.equal(parseProcessStat(''), undefined);
  assert.equal(parseProcessStat('12 (cut) S'), undefined);
});

test('finds the descendants at any depth, and no other processes', () => {
  const processes = [
    { pid: 9, parentPid: 5, ownTicks: 0 },
    { pid: 1, parentPid: 0, ownTicks: 0 },
    { pid: 5, parentPid: 3, ownTicks: 0 },
    { pid: 3, parentPid: 1, ownTicks: 0 },
    { pid: 4, parentPid: 1, ownTicks: 0 },
  ];
  const pids = (root: number): number[] => descendants(root, processes).map((process) => process.pid);
  assert.deepEqual(pids(3), [3, 5, 9]);
  assert.deepEqual(pids(1), [1, 3, 4, 5, 9]);
  assert.deepEqual(pids(77), []);
});

test('recognises the agent by its environment', () => {
  assert.equal(roleOfEnvironment('PATH=/bin\0OLLA_CHILD=agent\0'), 'agent');
  assert.equal(roleOfEnvironment('PATH=/bin\0NODE_UNIQUE_ID=1\0'), 'worker');
});

test('lists this process as the root of its tree', () => {
  const [root] = readProcessTree(process.pid);
  assert.equal(root?.pid, process.pid);
  assert.equal(root.parentPid, process.ppid);
  assert.equal(root.role, 'root');
});
