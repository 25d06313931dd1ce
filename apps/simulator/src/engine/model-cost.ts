/** How fast a model runs on the simulated hardware, and how much memory it takes. */
export interface ModelCost {
  /** Prompt tokens per simulated second. */
  readonly prefillTps: number;
  /** Output tokens per simulated second of a sequence that runs alone. */
  readonly decodeTps: number;
  /** Memory of weights and KV cache. */
  readonly memoryGb: number;
  /** Simulated milliseconds of a cold load. */
  readonly loadMs: number;
}

/** Typical figures of a 24 GB consumer GPU with 4-bit weights, by billions of parameters. */
const FIGURES = [
  { sizeB: 3, prefillTps: 9_000, decodeTps: 170, memoryGb: 4, loadMs: 3_500 },
  { sizeB: 7.5, prefillTps: 4_650, decodeTps: 97, memoryGb: 7, loadMs: 6_000 },
  { sizeB: 13, prefillTps: 2_650, decodeTps: 60, memoryGb: 11, loadMs: 8_500 },
  { sizeB: 24, prefillTps: 1_500, decodeTps: 38, memoryGb: 16.5, loadMs: 12_000 },
] as const;

/** Factors from 4-bit to 16-bit weights, from an 8B model under vLLM on a GPU with 600 GB/s. */
const HALF_PRECISION = { prefillTps: 0.86, decodeTps: 0.34, memoryGb: 2.5, loadMs: 2 } as const;

/** Interpolates between the figures in log space, and extrapolates beyond them from the two nearest. */
export function estimateCost(sizeB: number, halfPrecision: boolean): ModelCost {
  const upper = FIGURES.findIndex((row) => row.sizeB >= sizeB);
  const right = Math.max(1, upper === -1 ? FIGURES.length - 1 : upper);
  const low = FIGURES[right - 1] ?? FIGURES[0];
  const high = FIGURES[right] ?? FIGURES[0];
  const share = Math.log(sizeB / low.sizeB) / Math.log(high.sizeB / low.sizeB);
  const figure = (key: keyof ModelCost): number => {
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

/** Billions of parameters, read from the model's name (`qwen3:14b`, `Llama-3.1-8B-Instruct`); 7.5 without a size. */
export function guessSizeB(name: string): number {
  const found = /(?:^|[^a-z0-9.])(\d+(?:\.\d+)?)(b|m)(?![a-z0-9])/i.exec(name);
  if (found === null) return 7.5;
  const value = Number(found[1]);
  return Math.max(0.02, found[2]?.toLowerCase() === 'm' ? value / 1000 : value);
}
