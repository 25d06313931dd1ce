import { startControlApi, type ControlApi } from './control-api.ts';
import { parseFleetSpec, type FleetSpec } from './fleet-spec.ts';
import type { SimulatedServer, StartedServer } from './simulated-server.ts';
import { startServer } from './start-server.ts';

export interface SimulatedFleet {
  readonly servers: readonly SimulatedServer[];
  /** Throws RangeError for a name that is not in the fleet. */
  server(name: string): SimulatedServer;
  readonly controlUrl: string | undefined;
  close(): Promise<void>;
}

/**
 * Starts every server of a fleet in this process. When a port is taken, closes all ports again and rejects
 * with the listener's error.
 */
export async function startSimulatedFleet(spec: FleetSpec): Promise<SimulatedFleet> {
  const { servers: serverSpecs, ...settings } = parseFleetSpec(spec);
  const servers: StartedServer[] = [];
  let control: ControlApi | undefined;
  const close = async (): Promise<void> => {
    await Promise.all([control?.close(), ...servers.map((server) => server.close())]);
  };
  try {
    for (const server of serverSpecs) servers.push(await startServer(server, settings));
    if (settings.controlPort !== undefined) control = await startControlApi(servers, settings.controlPort);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    servers,
    server(name) {
      const found = servers.find((server) => server.name === name);
      if (found !== undefined) return found;
      const known = servers.map((server) => server.name).join(', ');
      throw new RangeError(`no simulated server is named "${name}". The servers are ${known}`);
    },
    controlUrl: control?.url,
    close,
  };
}
