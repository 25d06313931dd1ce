import { existsSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startPinned } from '../host/children.ts';
import { findFreePort } from '../host/ports.ts';
import { gatewayEnvironment, renderGatewayConfig, type GatewayVariant } from './gateway-config.ts';
import type { Target } from './target.ts';

/** The command that runs `olla`: the bundle that ships, or the source of a clone. */
export interface OllaProgram {
  readonly command: readonly string[];
  readonly from: 'bundle' | 'source';
}

const STANDARD = { workers: 1, limits: 'high', requestLog: false, tracedShare: 0, redis: false } as const;

/** `olla` is compared in every workload. The others run in two, to show the cost of each feature. */
export const GATEWAY_VARIANTS: readonly GatewayVariant[] = [
  { ...STANDARD, name: 'olla', summary: 'default features, limits on, request log off like that of nginx' },
  { ...STANDARD, name: 'olla-no-limits', summary: 'limits off', limits: 'off' },
  {
    ...STANDARD,
    name: 'olla-request-log',
    summary: 'a log line for each request, to a file',
    requestLog: true,
  },
  {
    ...STANDARD,
    name: 'olla-traces',
    summary: 'a trace of each request, sent to a collector',
    tracedShare: 1,
  },
  { ...STANDARD, name: 'olla-traces-10', summary: 'a trace of every tenth request', tracedShare: 0.1 },
  { ...STANDARD, name: 'olla-2-workers', summary: 'two workers on the one core', workers: 2 },
];

export const REDIS_VARIANT: GatewayVariant = {
  ...STANDARD,
  name: 'olla-redis',
  summary: 'shared state in Redis',
  redis: true,
};

/** @param root the folder of the repository. */
export function findOllaProgram(root: string, fromSource: boolean): OllaProgram {
  const bundle = join(root, 'dist/olla/olla.js');
  if (existsSync(bundle) && !fromSource) return { command: [process.execPath, bundle], from: 'bundle' };
  return { command: [process.execPath, join(root, 'apps/ctl/src/main.ts')], from: 'source' };
}

export interface GatewayOptions {
  readonly program: OllaProgram;
  readonly redisUrl: string | undefined;
  /** Each variant writes its profiles to a subfolder of its name. */
  readonly profileFolder: string | undefined;
}

export function createGateway(variant: GatewayVariant, options: GatewayOptions): Target {
  const { program, redisUrl } = options;
  const profileFolder = options.profileFolder && join(options.profileFolder, variant.name);
  return {
    name: variant.name,
    description: `${variant.summary}; run from ${program.from}`,
    hasProcess: true,
    canReject: true,
    async start(context) {
      const port = await findFreePort();
      const folder = await mkdtemp(join(context.folder, `${variant.name}-`));
      const config = join(folder, 'olla.yaml');
      const { backendPort, rejecting } = context;
      await writeFile(config, renderGatewayConfig({ port, backendPort, variant, rejecting, redisUrl }));
      const child = await startPinned({
        core: context.core,
        command: [...program.command, 'serve', '--config', config],
        outputFile: join(folder, 'output.log'),
        env: gatewayEnvironment(process.env, { variant, backendPort, profileFolder }),
      });
      return { port, path: '/olla/openai/v1/chat/completions', child };
    },
  };
}
