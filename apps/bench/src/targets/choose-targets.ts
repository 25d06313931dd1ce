import { BadBenchOption, type BenchOptions } from '../options.ts';
import { direct } from './direct.ts';
import type { GatewayVariant } from './gateway-config.ts';
import { createGateway, findOllaProgram, GATEWAY_VARIANTS, REDIS_VARIANT } from './gateway.ts';
import { createNginx, findNginx } from './nginx.ts';
import { createOtherProgram } from './other-program.ts';
import type { Target } from './target.ts';

/** Targets by how much is measured on them. */
export interface ChosenTargets {
  /** In every workload, the reference among them. */
  readonly main: readonly Target[];
  /** In the workloads for variants only. */
  readonly variants: readonly Target[];
  readonly nginx: Target;
}

/** @param say is told what has to be installed. Throws BadBenchOption for a name that does not exist. */
export async function chooseTargets(
  options: BenchOptions,
  setting: {
    readonly root: string;
    readonly redisUrl: string | undefined;
    readonly say: (line: string) => void;
  },
): Promise<ChosenTargets> {
  const program = findOllaProgram(setting.root, options.fromSource);
  const nginx = await createNginx(await findNginx(setting.say));
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
    throw new BadBenchOption(`--targets: there is no "${unknown}"; there are ${known.join(', ')}`);
  // Ratios and added latencies need both of these, whatever else is asked for.
  const isKept = (target: Target): boolean =>
    target === direct || target === nginx || wanted.includes(target.name);
  return { main: main.filter(isKept), variants: variants.filter(isKept), nginx };
}
