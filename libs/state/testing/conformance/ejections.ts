import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Ejection, Readmission } from '../../src/ports/ejections.ts';
import type { SharedState } from '../../src/shared-state.ts';
import { inForce, until, untilValue, type ConformanceCluster, type OnCluster } from './cluster.ts';

export function ejectionConformance(onCluster: OnCluster): void {
  describe('ejections', () => {
    test('and re-admissions reach every process in their order', onCluster(reachEveryProcess));
    test(
      'of several processes at once are decided by one, and all processes receive its decision',
      onCluster(decidesOnce),
    );
    test('and re-admissions reach a process that subscribes later', onCluster(notifiesLaterListeners));
    test('are not ended by the re-admission of an earlier one', onCluster(keepsNewerEjection));
    test('let one process probe at a time', onCluster(grantsProbes));
  });
}

type EjectionEvent = Ejection | Readmission;

const SUBJECT = { endpointKey: 'e#1', endpoint: 'e' };

function ejectionBy({ self }: SharedState, at: number): Ejection {
  return { ...SUBJECT, cause: 'status', reason: '5 of the last 8 requests failed (503)', by: self.id, at };
}

function readmissionBy({ self }: SharedState, ejectedAt: number): Readmission {
  return { ...SUBJECT, ejectedAt, reason: 'a probe was answered', by: self.id, at: ejectedAt + 1 };
}

/** Records the ejections and re-admissions that each process receives. */
function listenAll(states: readonly SharedState[]): EjectionEvent[][] {
  return states.map(({ ejections }) => {
    const events: EjectionEvent[] = [];
    ejections.onEjection((ejection) => events.push(ejection));
    ejections.onReadmission((readmission) => events.push(readmission));
    return events;
  });
}

async function reachEveryProcess({ workers: [a, b, c], agents: [agent] }: ConformanceCluster): Promise<void> {
  const all = [a, b, c, agent];
  const received = listenAll(all);
  await inForce(all);
  const ejection = ejectionBy(a, 1);
  const readmission = readmissionBy(a, 1);
  const again = ejectionBy(a, 3);
  const decided = [a.ejections.eject(ejection), a.ejections.readmit(readmission), a.ejections.eject(again)];
  assert.deepEqual(await Promise.all(decided), [true, true, true]);
  await until('every process has received all three', () => received.every((events) => events.length === 3));
  for (const events of received) assert.deepEqual(events, [ejection, readmission, again]);
}

async function decidesOnce({ workers, agents: [agent] }: ConformanceCluster): Promise<void> {
  const all = [...workers, agent];
  const received = listenAll(all);
  await inForce(all);
  const ejections = workers.map((worker, i) => ejectionBy(worker, 10 + i));
  const accepted = await Promise.all(
    workers.map((worker, i) => worker.ejections.eject(ejections[i] as Ejection)),
  );
  assert.equal(accepted.filter(Boolean).length, 1);
  const inForceNow = ejections[accepted.indexOf(true)] as Ejection;
  await until('every process has the ejection in force', () =>
    received.every((events) => events.at(-1)?.at === inForceNow.at),
  );
  for (const events of received) assert.deepEqual(events.at(-1), inForceNow);

  const ended = await Promise.all(
    workers.map((worker) => worker.ejections.readmit(readmissionBy(worker, inForceNow.at))),
  );
  assert.equal(ended.filter(Boolean).length, 1);
  const readmission = readmissionBy(workers[ended.indexOf(true)] ?? assert.fail(), inForceNow.at);
  await until('every process has its end', () =>
    received.every((events) => {
      const last = events.at(-1);
      return last !== undefined && 'ejectedAt' in last && last.by === readmission.by;
    }),
  );
  for (const events of received) assert.deepEqual(events.at(-1), readmission);
}

async function notifiesLaterListeners({ workers: [a, b, c], agents }: ConformanceCluster): Promise<void> {
  await inForce([a, b, c, ...agents]);
  const inForceNow = { ...ejectionBy(a, 1), endpointKey: 'in-force#1' };
  const over = readmissionBy(a, 2);
  await a.ejections.eject(inForceNow);
  await a.ejections.eject(ejectionBy(a, 2));
  await a.ejections.readmit(over);
  const received = listenAll([b, c, agents[0]]);
  // A host that has not received all of them yet passes on the ones in between too.
  await until('the ejection in force and the re-admission', () =>
    received.every((events) => [inForceNow, over].every((one) => events.some(({ at }) => at === one.at))),
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
