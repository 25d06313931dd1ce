import { readFile } from 'node:fs/promises';
import { parse as parseYaml } from 'yaml';
import { demoFleetSpec } from './demo-fleet.ts';
import type { Fleet } from './fleet.ts';
import { startFleet } from './start-fleet.ts';
import { FleetSpecError, parseFleetSpec, type FleetSpec } from './fleet-spec.ts';

/** The flags of `olla simulate`, as the command line has them. */
export interface SimulateFlags {
  readonly fleet?: string;
  readonly seed?: string;
  readonly timeScale?: string;
  readonly controlPort?: string;
  readonly portBase?: string;
  readonly json?: boolean;
}

/**
 * Serves the fleet until SIGINT or SIGTERM, then closes it and returns.
 * Throws FleetSpecError for flags or a file that cannot be used, the listener's error for a taken port.
 */
export async function runSimulate(flags: SimulateFlags, print: (text: string) => void): Promise<void> {
  const fleet = await startFleet(await readSpec(flags)).catch((error: unknown) => {
    throw explainListenError(error);
  });
  print(flags.json === true ? `${JSON.stringify(describe(fleet))}\n` : table(fleet));
  await new Promise<void>((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
  await fleet.close();
}

async function readSpec(flags: SimulateFlags): Promise<FleetSpec> {
  const spec = flags.fleet === undefined ? demoFleetSpec() : await readFleetFile(flags.fleet);
  const base = readNumber('--port-base', flags.portBase);
  let next = base ?? 0;
  const servers =
    base === undefined
      ? spec.servers
      : spec.servers.map((server) => ((server.port ?? 0) === 0 ? { ...server, port: next++ } : server));
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
    throw new FleetSpecError(
      `cannot read the fleet file ${file}: ${(error as NodeJS.ErrnoException).code ?? String(error)}`,
    );
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
    throw new FleetSpecError(`${flag} takes a number, not "${text}"`);
  return value;
}

function explainListenError(error: unknown): unknown {
  const { code, port } = (error ?? {}) as { code?: string; port?: number };
  if (code !== 'EADDRINUSE') return error;
  return new FleetSpecError(
    `port ${port ?? '?'} is in use; give the server another port, or 0 for any free one`,
  );
}

function describe(fleet: Fleet): unknown {
  return {
    controlUrl: fleet.controlUrl,
    servers: fleet.servers.map(({ name, type, url, port }) => ({ name, type, url, port })),
  };
}

function table(fleet: Fleet): string {
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
  return `Simulated servers (* in memory):\n${lines.join('\n')}\n${control}\nCtrl+C stops them.\n`;
}
