import type { ConformanceCluster } from '../../testing/conformance/cluster.ts';
import { conformance } from '../../testing/conformance/conformance.ts';
import { TestHost } from '../../testing/test-host.ts';

async function makeCluster(): Promise<ConformanceCluster> {
  const host = new TestHost();
  return {
    workers: [await host.join('worker'), await host.join('worker'), await host.join('worker')],
    agents: [await host.join('agent'), await host.join('agent')],
    crash(worker) {
      host.cut(worker);
      return Promise.resolve();
    },
    close: () => host.close(),
  };
}

conformance('memory, in one process', makeCluster);
