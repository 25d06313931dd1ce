import { demoFleetSpec } from '@olla/simulator/demo-fleet';
import { startSimulatedFleet } from '@olla/simulator/simulated-fleet';

/** From the process of the demo fleet to the one that started it. */
export type DemoMessage =
  | { readonly demo: 'ready'; readonly endpoints: readonly { name: string; url: string; type: string }[] }
  | { readonly demo: 'failed'; readonly message: string };

/**
 * The body of the process that `olla serve --demo` forks: a fleet beside the gateway, so that what is simulated takes
 * no time of what is real. It ends with its parent.
 */
export async function runDemoProcess(): Promise<void> {
  // Ctrl+C reaches the whole group: requests that the gateway still finishes need their backends.
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
