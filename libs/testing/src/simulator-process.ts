import { runOlla, writeConfig } from './olla-process.ts';
import type { StartedProcess } from './started-process.ts';

/** A server of a simulated fleet; `olla simulate --help` lists its settings. */
export interface SimulatedServerSpec {
  readonly name: string;
  readonly type: string;
  readonly [key: string]: unknown;
}

export interface FleetSpec {
  /** Simulated seconds in a real second; default 20. */
  readonly timeScale?: number;
  readonly seed?: number;
  readonly servers: readonly SimulatedServerSpec[];
}

export interface SimulatedServer {
  readonly name: string;
  readonly type: string;
  readonly url: string;
  readonly port: number;
}

/** A simulated server's record of one request. */
export interface SimulatedRequest {
  readonly method: string;
  readonly target: string;
  readonly rawHeaders: readonly string[];
  readonly body?: string;
  readonly outcome: 'open' | 'answered' | 'client-left' | 'broken-off';
}

/** A running simulated fleet, `olla simulate` as a real process, with its control API. */
export interface Simulator {
  readonly process: StartedProcess;
  readonly servers: readonly SimulatedServer[];
  server(name: string): SimulatedServer;
  /** Calls the control API: `control('POST', 'NAME/faults', {kind: …})`. */
  control(method: string, path: string, body?: unknown): Promise<unknown>;
  requests(name: string): Promise<SimulatedRequest[]>;
  stop(): Promise<void>;
}

/** Starts a simulated fleet on free ports of 127.0.0.1 and waits until it listens. */
export async function startSimulator(spec: FleetSpec): Promise<Simulator> {
  const file = writeConfig({ timeScale: 20, seed: 1, ...spec, controlPort: 0 });
  const olla = await runOlla(['simulate', '--fleet', file, '--json']);
  const { servers, controlUrl } = await olla.until('the simulated fleet listens', () =>
    olla.stdout.endsWith('\n')
      ? (JSON.parse(olla.stdout) as { servers: SimulatedServer[]; controlUrl: string })
      : undefined,
  );
  const control = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const response = await fetch(`${controlUrl}/servers/${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const result: unknown = await response.json();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${JSON.stringify(result)}`);
    return result;
  };
  return {
    process: olla,
    servers,
    server(name) {
      const found = servers.find((server) => server.name === name);
      if (found === undefined) throw new Error(`no simulated server ${name}`);
      return found;
    },
    control,
    async requests(name) {
      return ((await control('GET', `${name}/requests`)) as { requests: SimulatedRequest[] }).requests;
    },
    async stop() {
      olla.child.kill('SIGTERM');
      const { code, signal } = await olla.waitForEnd();
      if (code !== 0) throw new Error(`the simulator ended with ${signal ?? code}\n${olla.output}`);
    },
  };
}
