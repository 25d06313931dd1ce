import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inForce, untilValue, type ConformanceCluster, type OnCluster } from './cluster.ts';

/** Deadline of a question that one process does not reply to. */
const ASK_DEADLINE_MS = 1_000;

export function askConformance(onCluster: OnCluster): void {
  describe('a question', () => {
    test(
      'collects the replies of the processes that it is for, and names the missing ones',
      onCluster(gathersReplies),
    );
  });
}

async function gathersReplies({ workers, agents }: ConformanceCluster): Promise<void> {
  const [a, b, c] = workers;
  a.ask.onQuestion('live', (question) => ({ me: 'a', body: question.body }));
  b.ask.onQuestion('live', () => Promise.resolve({ me: 'b' }));
  b.ask.onQuestion('hang', () => new Promise(() => {}));
  c.ask.onQuestion('live', () => null);
  agents[0].ask.onQuestion('live', () => ({ me: 'agent' }));
  await inForce([...workers, agents[0]]);
  // On a busy machine a reply may be late and its sender missing, so the question is sent again until all reply.
  const complete = await untilValue('all replies', async () => {
    const all = await a.ask.ask({ kind: 'live', role: 'worker', body: 7 }, ASK_DEADLINE_MS);
    return all.missing.length === 0 ? all : null;
  });
  assert.deepEqual(
    new Set(complete.replies.map(({ reply }) => JSON.stringify(reply))),
    new Set(['{"me":"a","body":7}', '{"me":"b"}']),
  );
  const partial = await untilValue('the replies of all but one', async () => {
    const some = await a.ask.ask({ kind: 'hang' }, ASK_DEADLINE_MS);
    return some.missing.length === 1 ? some : null;
  });
  assert.deepEqual(partial, { replies: [], missing: [b.self.id] });
}
