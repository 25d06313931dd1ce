import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { childrenOf, environmentOf } from './process-tree.ts';
import { StartedProcess, type StartOptions } from './started-process.ts';
import { tempFolder } from './temp-folder.ts';

const root = join(import.meta.dirname, '../../..');
/** The `olla` command in the working tree. */
export const OLLA_SOURCE = join(root, 'apps/ctl/src/main.ts');
/** The `olla` command as built by `nx build ctl`. */
export const OLLA_BUNDLE = join(root, 'dist/olla/olla.js');

export interface OllaOptions extends StartOptions {
  /** The script to run; default OLLA_SOURCE. */
  readonly script?: string;
}

/** Runs `olla ARGS…` with an environment without the developer's settings. */
export async function runOlla(args: readonly string[], options: OllaOptions = {}): Promise<StartedProcess> {
  if (options.script === OLLA_BUNDLE) needBundle();
  const inherited = Object.keys(process.env).filter((key) => /^(OLLA|OTEL|NODE|NX|npm)_/.test(key));
  const clean = Object.fromEntries(inherited.map((key) => [key, undefined]));
  const home = tempFolder();
  return StartedProcess.start(process.execPath, [options.script ?? OLLA_SOURCE, ...args], {
    cwd: options.cwd ?? home,
    env: { ...clean, HOME: home, XDG_RUNTIME_DIR: undefined, ...options.env },
  });
}

/** @throws Error with the command that builds the bundle, if it is missing */
export function needBundle(): void {
  if (!existsSync(OLLA_BUNDLE)) throw new Error(`${OLLA_BUNDLE} is missing; run: npx nx build ctl`);
}

/** Writes a configuration as YAML (of which JSON is a part) and returns its path. */
export function writeConfig(config: object): string {
  const file = join(tempFolder(), 'olla.yaml');
  writeFileSync(file, JSON.stringify(config, null, 2));
  return file;
}

/** Longest start on a busy machine. Other tests measure the start on an idle one. */
const START_MS = 60_000;

export interface GatewayOptions extends OllaOptions {
  /** Contents of the configuration file; `server.port` 0 unless given. */
  readonly config?: { readonly server?: object; readonly [section: string]: unknown };
  /** Further arguments of `olla serve`. */
  readonly args?: readonly string[];
  /** Default 2. */
  readonly workers?: number;
}

/** A running gateway, `olla serve` as a real process with its workers and agent. */
export interface Gateway {
  readonly url: string;
  readonly port: number;
  readonly process: StartedProcess;
  /** Its log line when it was ready. */
  readonly started: Readonly<Record<string, unknown>>;
  /** Current process ids of the workers and of the agent. */
  children(): { workers: number[]; agent: number | undefined };
  /** SIGTERM; throws unless it ends with exit code 0 in time. */
  stop(timeoutMs?: number): Promise<void>;
}

/** Starts a gateway on a free port of 127.0.0.1 and waits until it logs that it listens. */
export async function startGateway(options: GatewayOptions = {}): Promise<Gateway> {
  const { config, args = [], workers = 2 } = options;
  const server = { host: '127.0.0.1', port: 0, ...config?.server };
  const configArgs =
    config === undefined ? ['--port', '0'] : ['--config', writeConfig({ ...config, server })];
  const olla = await runOlla(['serve', ...configArgs, '--workers', String(workers), ...args], options);
  const started = await olla.until('the gateway listens', () => startRecord(olla.stdout), START_MS);
  const url = String(started['url']);
  return {
    url,
    port: Number(new URL(url).port),
    process: olla,
    started,
    children() {
      const children = childrenOf(olla.pid).map((pid) => ({ pid, env: environmentOf(pid) }));
      return {
        workers: children.filter(({ env }) => env['NODE_UNIQUE_ID'] !== undefined).map(({ pid }) => pid),
        agent: children.find(({ env }) => env['OLLA_CHILD'] === 'agent')?.pid,
      };
    },
    async stop(timeoutMs) {
      olla.child.kill('SIGTERM');
      const { code, signal } = await olla.waitForEnd(timeoutMs);
      if (code !== 0) throw new Error(`the gateway ended with ${signal ?? code}\n${olla.output}`);
    },
  };
}

/** The log line with the gateway's address, once it has been written. */
function startRecord(stdout: string): Record<string, unknown> | undefined {
  const line = stdout.split('\n').find((text) => text.includes('"msg":"listening"') && text.endsWith('}'));
  return line === undefined ? undefined : (JSON.parse(line) as Record<string, unknown>);
}
