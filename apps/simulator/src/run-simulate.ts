import { readFile } from 'node:fs/promises';
import { parse as parseYaml } from 'yaml';
import { demoFleetSpec } from './demo-fleet.ts';
import { FleetSpecError, parseFleetSpec, type FleetSpec } from './fleet-spec.ts';
import { startSimulatedFleet, type SimulatedFleet } from './simulated-fleet.ts';

/** The flags of `olla simulate`, unparsed. */
export interface SimulateFlags {
  readonly fleet?: string;
  readonly seed?: string;
  readonly timeScale?: string;
  readonly controlPort?: string;
  readonly portBase?: string;
  readonly json?: boolean;
}

/**
 * Serves a fleet until SIGINT or SIGTERM, then closes it and resolves. Rejects with FleetSpecError for a flag or
 * file that is not valid and for a taken port, else with the listener's error.
 */
export async function runSimulate(flags: SimulateFlags, print: (text: string) => void): Promise<void> {
  const fleet = await startSimulatedFleet(await readSpec(flags)).catch((error: unknown) => {
    throw explainListenError(error);
  });
  print(flags.json === true ? `${JSON.stringify(describeFleet(fleet))}\n` : formatTable(fleet));
  await new Promise<void>((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
  await fleet.close();
}

async function readSpec(flags: SimulateFlags): Promise<FleetSpec> {
  const spec = flags.fleet === undefined ? demoFleetSpec() : await readFleetFile(flags.fleet);
  const portBase = readNumber('--port-base', flags.portBase);
  let nextPort = portBase ?? 0;
  const servers =
    portBase === undefined
      ? spec.servers
      : spec.servers.map((server) => ((server.port ?? 0) === 0 ? { ...server, port: nextPort++ } : server));
  const seed = readNumber('--seed', flags.seed);
  const timeScale = readNumber('--time-scale', flags.timeScale);
  const controlPort = readNumber('--control-port', flags.controlPort);
  return {
    ...spec,
    servers,
    ...(seed === undefined ? {} : { seed }),
    ...(timeScale === undefined ? {} : { timeScale }),
    ...(controlPort === undefined ? {} : { controlPort }),
  };
}

async function readFleetFile(file: string): Promise<FleetSpec> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new FleetSpecError(`cannot read the fleet file ${file}: ${reason}`);
  }
  try {
    return parseFleetSpec(parseYaml(text));
  } catch (error) {
    throw new FleetSpecError(`${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function readNumber(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value))
    throw new FleetSpecError(`${flag} must be a number, not "${text}"`);
  return value;
}

function explainListenError(error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error) || error.code !== 'EADDRINUSE') return error;
  const port = 'port' in error ? String(error.port) : '?';
  return new FleetSpecError(`port ${port} is in use. Give the server another port, or 0 for any free port`);
}

function describeFleet(fleet: SimulatedFleet): unknown {
  return {
    controlUrl: fleet.controlUrl,
    servers: fleet.servers.map(({ name, type, url, port }) => ({ name, type, url, port })),
  };
}

function formatTable(fleet: SimulatedFleet): string {
  const rows = fleet.servers.map((server) => {
    const models = server.snapshot().models.map((model) => (model.resident ? `${model.name}*` : model.name));
    return [server.name, server.type, server.url, models.join(', ')] as const;
  });
  const width = (column: 0 | 1 | 2): number => Math.max(...rows.map((row) => row[column].length));
  const widths = [width(0), width(1), width(2)] as const;
  const lines = rows.map(
    (row) =>
      `  ${row[0].padEnd(widths[0])}  ${row[1].padEnd(widths[1])}  ${row[2].padEnd(widths[2])}  ${row[3]}`,
  );
  const control = fleet.controlUrl === undefined ? '' : `\nControl API: ${fleet.controlUrl}/servers\n`;
  return `Simulated servers (* model in memory):\n${lines.join('\n')}\n${control}\nCtrl+C stops the servers.\n`;
}
