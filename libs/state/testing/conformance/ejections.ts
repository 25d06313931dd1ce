import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Ejection, Readmission } from '../../src/ports/ejections.ts';
import type { SharedState } from '../../src/shared-state.ts';
import { inForce, until, untilValue, type ConformanceCluster, type OnCluster } from './cluster.ts';

export function ejectionConformance(onCluster: OnCluster): void {
  describe('ejections', () => {
    test('and re-admissions reach every process, in their order', onCluster(reachEveryProcess));
    test('of several processes at once are decided by one, and all know the same', onCluster(decidesOnce));
    test('and re-admissions are told to a process that listens later', onCluster(tellsLaterListeners));
    test('are not ended by the re-admission of an earlier one', onCluster(keepsNewerEjection));
    test('let one process probe at a time', onCluster(grantsProbes));
  });
}

type Told = Ejection | Readmission;

const SUBJECT = { endpointKey: 'e#1', endpoint: 'e' };

function ejectionBy({ self }: SharedState, at: number): Ejection {
  return { ...SUBJECT, cause: 'status', reason: '5 of the last 8 requests failed (503)', by: self.id, at };
}

function readmissionBy({ self }: SharedState, ejectedAt: number): Readmission {
  return { ...SUBJECT, ejectedAt, reason: 'a probe was answered', by: self.id, at: ejectedAt + 1 };
}

/** What each process is told from now on. */
function listenAll(states: readonly SharedState[]): Told[][] {
  return states.map(({ ejections }) => {
    const told: Told[] = [];
    ejections.onEjection((ejection) => told.push(ejection));
    ejections.onReadmission((readmission) => told.push(readmission));
    return told;
  });
}

async function reachEveryProcess({ workers: [a, b, c], agents: [agent] }: ConformanceCluster): Promise<void> {
  const all = [a, b, c, agent];
  const heard = listenAll(all);
  await inForce(all);
  const ejection = ejectionBy(a, 1);
  const readmission = readmissionBy(a, 1);
  const again = ejectionBy(a, 3);
  const decided = [a.ejections.eject(ejection), a.ejections.readmit(readmission), a.ejections.eject(again)];
  assert.deepEqual(await Promise.all(decided), [true, true, true]);
  await until('everyone has heard', () => heard.every((told) => told.length === 3));
  for (const told of heard) assert.deepEqual(told, [ejection, readmission, again]);
}

async function decidesOnce({ workers, agents: [agent] }: ConformanceCluster): Promise<void> {
  const all = [...workers, agent];
  const heard = listenAll(all);
  await inForce(all);
  const ejections = workers.map((worker, i) => ejectionBy(worker, 10 + i));
  const stands = await Promise.all(
    workers.map((worker, i) => worker.ejections.eject(ejections[i] as Ejection)),
  );
  assert.equal(stands.filter(Boolean).length, 1);
  const standing = ejections[stands.indexOf(true)] as Ejection;
  await until('all know the one that stands', () => heard.every((told) => told.at(-1)?.at === standing.at));
  for (const told of heard) assert.deepEqual(told.at(-1), standing);

  const ended = await Promise.all(
    workers.map((worker) => worker.ejections.readmit(readmissionBy(worker, standing.at))),
  );
  assert.equal(ended.filter(Boolean).length, 1);
  const readmission = readmissionBy(workers[ended.indexOf(true)] ?? assert.fail(), standing.at);
  await until('all know its end', () =>
    heard.every((told) => {
      const last = told.at(-1);
      return last !== undefined && 'ejectedAt' in last && last.by === readmission.by;
    }),
  );
  for (const told of heard) assert.deepEqual(told.at(-1), readmission);
}

async function tellsLaterListeners({ workers: [a, b, c], agents }: ConformanceCluster): Promise<void> {
  await inForce([a, b, c, ...agents]);
  const standing = { ...ejectionBy(a, 1), endpointKey: 'stands#1' };
  const over = readmissionBy(a, 2);
  await a.ejections.eject(standing);
  await a.ejections.eject(ejectionBy(a, 2));
  await a.ejections.readmit(over);
  const heard = listenAll([b, c, agents[0]]);
  // A host that has not heard of all of it yet tells what comes and goes as well.
  await until('what stands, and what is over', () =>
    heard.every((told) => [standing, over].every((one) => told.some(({ at }) => at === one.at))),
  );
}

async function keepsNewerEjection({ workers: [a, b] }: ConformanceCluster): Promise<void> {
  await a.ejections.eject(ejectionBy(a, 1));
  await a.ejections.readmit(readmissionBy(a, 1));
  assert.equal(await a.ejections.eject(ejectionBy(a, 2)), true);
  assert.equal(await a.ejections.readmit(readmissionBy(a, 1)), false);
  assert.equal(await b.ejections.readmit(readmissionBy(b, 1)), false);
  assert.equal(await a.ejections.readmit(readmissionBy(a, 2)), true);
}

async function grantsProbes({ workers }: ConformanceCluster): Promise<void> {
  const granted = await Promise.all(workers.map((worker) => worker.ejections.acquireProbe('e#1', 1_000)));
  assert.equal(granted.filter(Boolean).length, 1);
  assert.equal(await workers[0].ejections.acquireProbe('e#2', 1_000), true);
  await untilValue('the next probe', async () =>
    (await workers[1].ejections.acquireProbe('e#1', 60_000)) ? true : null,
  );
  assert.equal(await workers[2].ejections.acquireProbe('e#1', 1_000), false);
}
