import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { untilValue, type ConformanceCluster, type OnCluster } from './cluster.ts';

export function directoryConformance(onCluster: OnCluster): void {
  describe('the directory', () => {
    test('lists every live process, and no dead one', onCluster(knowsInstances));
  });
}

async function knowsInstances({ workers, agents, crash }: ConformanceCluster): Promise<void> {
  const ids = [...workers, ...agents].map(({ self }) => self.id).sort();
  const { directory } = agents[0];
  const living = async (): Promise<string[]> => {
    const instances = await directory.readInstances();
    return instances.filter(({ role }) => role !== 'primary').map(({ id }) => id);
  };
  await untilValue('all processes', async () => {
    const known = (await living()).filter((id) => ids.includes(id)).sort();
    return known.join() === ids.join() ? true : null;
  });
  const found = (await directory.readInstances()).find(({ id }) => id === workers[0].self.id);
  assert.ok(found !== undefined);
  const { ageMs, leading, ...instance } = found;
  assert.deepEqual(instance, workers[0].self);
  assert.ok(ageMs >= 0 && ageMs <= 5_000);
  assert.equal(leading, false);
  await crash(workers[0]);
  await untilValue('the dead is gone', async () =>
    (await living()).includes(workers[0].self.id) ? null : true,
  );
}
