import type { Clock } from './engine/clock.ts';
import { Engine, type EngineOptions } from './engine/engine.ts';
import { createRandom, hashText, type Random } from './engine/random.ts';
import type { ServerSpec } from './fleet-spec.ts';
import { buildModel, type Model } from './model.ts';

/** What the handlers of all server types share: the models, the engine and the counts of one server. */
export interface ServerState {
  readonly spec: ServerSpec;
  readonly seed: number;
  /** By the name under which this server lists them. */
  readonly models: Map<string, Model>;
  readonly engine: Engine;
  readonly clock: Clock;
  readonly random: Random;
  readonly timeScale: number;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly totals: Totals;
  addModel(model: Model): void;
  removeModel(name: string): void;
  /** Loads the models that the server starts with, after a crash of the engine. */
  restart(): void;
}

/** Counts of finished generations for `/metrics`. Durations are simulated milliseconds. */
export interface Totals {
  promptTokens: number;
  cachedTokens: number;
  promptMs: number;
  outputTokens: number;
  decodeMs: number;
  requests: number;
}

/** How each type schedules. A type without `capacityGb` keeps all its models in memory. */
const ENGINE_DEFAULTS = {
  ollama: { slots: 4, capacityGb: 24, maxModels: 3, queueLimit: 512, batchPenalty: 0.3, keepAliveS: 300 },
  'lm-studio': { slots: 1, capacityGb: 24, maxModels: 3, batchPenalty: 0.3, keepAliveS: 3600 },
  llamacpp: { slots: 4, batchPenalty: 0.3 },
  vllm: { slots: 20, batchPenalty: 0.02, prefixCacheTokens: 45_000 },
  sglang: { slots: 24, batchPenalty: 0.02, prefixCacheTokens: 45_000 },
  lmdeploy: { slots: 20, batchPenalty: 0.02, prefixCacheTokens: 45_000 },
  lemonade: { slots: 4, capacityGb: 24, maxModels: 1, batchPenalty: 0.3 },
  'docker-model-runner': { slots: 4, batchPenalty: 0.3 },
  omlx: { slots: 4, batchPenalty: 0.1 },
  'vllm-mlx': { slots: 16, batchPenalty: 0.1 },
  litellm: { slots: 100, batchPenalty: 0 },
  'openai-compatible': { slots: 20, batchPenalty: 0.05 },
  fast: { slots: 1, batchPenalty: 0 },
} as const;

interface EngineDefaults {
  readonly slots: number;
  readonly batchPenalty: number;
  readonly capacityGb?: number;
  readonly maxModels?: number;
  readonly queueLimit?: number;
  readonly keepAliveS?: number;
  readonly prefixCacheTokens?: number;
}

export function createServerState(
  spec: ServerSpec,
  seed: number,
  time: { clock: Clock; timeScale: number },
): ServerState {
  const { clock, timeScale } = time;
  const models = new Map<string, Model>();
  const add = (model: Model): void => void models.set(model.name, model);
  for (const model of spec.models ?? []) add(buildModel(model, spec));
  const options = engineOptions(spec, ENGINE_DEFAULTS[spec.type]);
  const engine = new Engine(options, (name) => costOf(models, name), clock);
  const keepsAll = options.capacityGb === Infinity;
  const preload = (model: Model): void => {
    if (keepsAll || model.loaded) engine.preload(model.name);
  };
  const start = (): void => models.forEach(preload);
  start();
  return {
    spec,
    seed: hashText(spec.name, seed),
    models,
    engine,
    clock,
    timeScale,
    random: createRandom(hashText(spec.name, seed)),
    startedAt: Date.now(),
    totals: { promptTokens: 0, cachedTokens: 0, promptMs: 0, outputTokens: 0, decodeMs: 0, requests: 0 },
    addModel(model) {
      add(model);
      preload(model);
    },
    removeModel(name) {
      models.delete(name);
      engine.unload(name);
    },
    restart: start,
  };
}

function engineOptions(spec: ServerSpec, defaults: EngineDefaults): EngineOptions {
  const slots = spec.slots ?? defaults.slots;
  const keepAliveS = spec.keepAliveS ?? defaults.keepAliveS;
  return {
    slots,
    batchPenalty: defaults.batchPenalty,
    capacityGb: defaults.capacityGb === undefined ? Infinity : (spec.memoryGb ?? defaults.capacityGb),
    maxModels: defaults.maxModels === undefined ? Infinity : (spec.maxLoadedModels ?? defaults.maxModels),
    queueLimit: spec.queueLimit ?? defaults.queueLimit ?? Infinity,
    keepAliveMs: keepAliveS === undefined ? Infinity : keepAliveS * 1000,
    prefixCacheTokens: defaults.prefixCacheTokens ?? 8_000 * slots,
  };
}

/** Falls back to typical figures for a model that was removed while a request for it waits. */
function costOf(models: ReadonlyMap<string, Model>, name: string): Model['cost'] {
  return models.get(name)?.cost ?? { prefillTps: 4_000, decodeTps: 90, memoryGb: 7, loadMs: 6_000 };
}
