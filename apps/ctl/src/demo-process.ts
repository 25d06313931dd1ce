import { demoFleetSpec } from '@olla/simulator/demo-fleet';
import { startSimulatedFleet } from '@olla/simulator/simulated-fleet';

/** The message from the process of the demo fleet to its parent. */
export type DemoMessage =
  | { readonly demo: 'ready'; readonly endpoints: readonly { name: string; url: string; type: string }[] }
  | { readonly demo: 'failed'; readonly message: string };

/**
 * Runs in the process that `olla serve --demo` forks. The simulated fleet has a process of its own so that its work
 * does not delay the gateway. It exits when its parent does.
 */
export async function runDemoProcess(): Promise<void> {
  // Ctrl+C reaches the whole process group, but the requests that the gateway still finishes need their backends.
  process.on('SIGINT', () => undefined);
  process.once('disconnect', () => process.exit(0));
  try {
    const fleet = await startSimulatedFleet(demoFleetSpec());
    const endpoints = fleet.servers.map(({ name, url, type }) => ({ name, url, type }));
    process.send?.({ demo: 'ready', endpoints } satisfies DemoMessage);
  } catch (error) {
    process.send?.({
      demo: 'failed',
      message: error instanceof Error ? error.message : String(error),
    } satisfies DemoMessage);
    process.disconnect?.();
  }
}
