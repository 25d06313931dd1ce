/** What a model costs on the simulated machine. */
export interface ModelPhysics {
  /** Prompt tokens a second. */
  readonly prefillTps: number;
  /** Tokens a second of one sequence that has the card for itself. */
  readonly decodeTps: number;
  /** Weights and KV cache. */
  readonly memoryGb: number;
  readonly loadMs: number;
}

/** Typical figures of a 24 GB consumer card at 4 bits, by billions of parameters. */
const FIGURES = [
  { sizeB: 3, prefillTps: 9_000, decodeTps: 170, memoryGb: 4, loadMs: 3_500 },
  { sizeB: 7.5, prefillTps: 4_650, decodeTps: 97, memoryGb: 7, loadMs: 6_000 },
  { sizeB: 13, prefillTps: 2_650, decodeTps: 60, memoryGb: 11, loadMs: 8_500 },
  { sizeB: 24, prefillTps: 1_500, decodeTps: 38, memoryGb: 16.5, loadMs: 12_000 },
] as const;

/** 16-bit weights against 4-bit ones, from 8B under vLLM on a card of 600 GB/s. */
const HALF_PRECISION = { prefillTps: 0.86, decodeTps: 0.34, memoryGb: 2.5, loadMs: 2 } as const;

/** Interpolates between the figures in log space, and beyond them along the nearest slope. */
export function estimatePhysics(sizeB: number, halfPrecision: boolean): ModelPhysics {
  const upper = FIGURES.findIndex((row) => row.sizeB >= sizeB);
  const right = Math.max(1, upper === -1 ? FIGURES.length - 1 : upper);
  const low = FIGURES[right - 1] as (typeof FIGURES)[number];
  const high = FIGURES[right] as (typeof FIGURES)[number];
  const share = Math.log(sizeB / low.sizeB) / Math.log(high.sizeB / low.sizeB);
  const figure = (key: keyof ModelPhysics): number => {
    const value = low[key] * (high[key] / low[key]) ** share;
    return halfPrecision ? value * HALF_PRECISION[key] : value;
  };
  return {
    prefillTps: figure('prefillTps'),
    decodeTps: figure('decodeTps'),
    memoryGb: figure('memoryGb'),
    loadMs: figure('loadMs'),
  };
}

/** Billions of parameters as a model's name tells them (`qwen3:14b`, `Llama-3.1-8B-Instruct`), else 7.5. */
export function guessSizeB(name: string): number {
  const found = /(?:^|[^a-z0-9.])(\d+(?:\.\d+)?)(b|m)(?![a-z0-9])/i.exec(name);
  if (found === null) return 7.5;
  const value = Number(found[1]);
  return Math.max(0.02, found[2]?.toLowerCase() === 'm' ? value / 1000 : value);
}
