import { BadBenchOption, type BenchOptions } from '../options.ts';
import { direct } from './direct.ts';
import type { GatewayVariant } from './gateway-config.ts';
import { createGateway, findOllaProgram, GATEWAY_VARIANTS, REDIS_VARIANT } from './gateway.ts';
import { createNginx, findNginx } from './nginx.ts';
import { createOtherProgram } from './other-program.ts';
import type { Target } from './target.ts';

/** The targets to measure. */
export interface ChosenTargets {
  /** Measured in every workload; nginx, the reference, is one of them. */
  readonly main: readonly Target[];
  /** Measured only in the workloads for variants. */
  readonly variants: readonly Target[];
  readonly nginx: Target;
}

/** Rejects with BadBenchOption for an unknown name. Reports a package that it installs to `onProgress`. */
export async function chooseTargets(
  options: BenchOptions,
  setting: {
    readonly root: string;
    readonly redisUrl: string | undefined;
    readonly onProgress: (line: string) => void;
  },
): Promise<ChosenTargets> {
  const program = findOllaProgram(setting.root, options.fromSource);
  const nginx = await createNginx(await findNginx(setting.onProgress));
  const { redisUrl } = setting;
  const create = (variant: GatewayVariant): Target =>
    createGateway(variant, { program, redisUrl, profileFolder: options.profileFolder });
  const [plain, ...others] = GATEWAY_VARIANTS.map(create);
  const redis = redisUrl === undefined ? [] : [create(REDIS_VARIANT)];
  const main = [direct, nginx, plain!, ...options.others.map(createOtherProgram)];
  const variants = [...others, ...redis];
  const wanted = options.targets;
  if (wanted === undefined) return { main, variants: options.quick ? redis : variants, nginx };
  const known = [...main, ...variants].map((target) => target.name);
  const unknown = wanted.find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw new BadBenchOption(`--targets: unknown target "${unknown}". The targets are ${known.join(', ')}`);
  // Ratios need nginx and added latencies need the direct connection, so both always take part.
  const isKept = (target: Target): boolean =>
    target === direct || target === nginx || wanted.includes(target.name);
  return { main: main.filter(isKept), variants: variants.filter(isKept), nginx };
}
