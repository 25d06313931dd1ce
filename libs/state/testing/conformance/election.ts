import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { testSnapshot } from '../test-snapshot.ts';
import { untilValue, type ConformanceCluster, type OnCluster } from './cluster.ts';

export function electionConformance(onCluster: OnCluster): void {
  describe('the election', () => {
    test('gives one agent the lead, with a token above all earlier ones', onCluster(electsLeaders));
  });
}

async function electsLeaders({ agents: [a, b], workers: [worker] }: ConformanceCluster): Promise<void> {
  const future = Date.now() + 1_000_000;
  const first = await a.election.campaign(60_000, future);
  assert.ok(first.leading && first.token > future);
  assert.deepEqual(await b.election.campaign(60_000, 0), { leading: false, leader: a.self.id });
  assert.deepEqual(await a.election.campaign(60_000, 0), first);
  await untilValue('the leader among the instances', async () => {
    const leading = (await worker.directory.readInstances()).filter((instance) => instance.leading);
    return leading.length === 1 && leading[0]?.id === a.self.id ? true : null;
  });
  // A holder whose token is older than one that it knows gets a newer one.
  const raised = await a.election.campaign(60_000, first.token + 10);
  assert.ok(raised.leading && raised.token > first.token + 10);
  await a.election.resign();
  const second = await b.election.campaign(200, 0);
  assert.ok(second.leading && second.token > raised.token);
  // A lead that is not renewed passes on, and snapshots of the old leader are fenced.
  const third = await untilValue('the end of the lead', async () => {
    const lead = await a.election.campaign(60_000, 0);
    return lead.leading ? lead : null;
  });
  assert.ok(third.token > second.token);
  const late = testSnapshot({ token: second.token, n: 1 });
  assert.equal(await b.snapshots.publish(late), 'fenced');
}
