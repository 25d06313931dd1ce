import type { UnifiedModel } from '@olla/admin-api/client';
import type { StatsModelsBody } from '@olla/admin-api/schema/stats';
import { percentileMs } from '@olla/core/percentile';
import { showCount, showMs, showRate, UNKNOWN } from './numbers.ts';
import type { Column } from './table.ts';

type ModelStats = StatsModelsBody['models'][number];

/** A model with its endpoints and its traffic, or a name that means several models. */
export interface ModelRow {
  readonly name: string;
  /** Names of the models that it means; empty for a model. */
  readonly aliasFor: readonly string[];
  readonly endpoints: readonly string[];
  /** Number of endpoints that have it in memory; null when none reports it. */
  readonly loaded: number | null;
  readonly family: string;
  readonly parameters: string;
  readonly quantization: string;
  readonly contextLength: number | null;
  readonly aliases: readonly string[];
  /**
   * Null before its first request. The API counts each name of a model separately; these are the sums. For a name that
   * means several models, they are the sums of those.
   */
  readonly stats: ModelTraffic | null;
}

export interface ModelTraffic {
  readonly requests: number;
  readonly failures: number;
  readonly ttftP50Ms: number | null;
  readonly ttftP95Ms: number | null;
  readonly tokensPerS: number | null;
}

/** The names under which the API counts the requests of a model: its own and its aliases. */
export function countedNames({ id, olla }: UnifiedModel): string[] {
  return [...new Set([id, ...olla.aliases])];
}

/** Joins `/olla/models` with `/internal/stats/models`. Traffic of models that are not listed is left out. */
export function modelRows(models: readonly UnifiedModel[], stats: StatsModelsBody | null): ModelRow[] {
  const byName = new Map(stats?.models.map((row) => [row.name, row]));
  return models.map((model) => {
    const { id, olla } = model;
    const reported = olla.availability.filter(({ state }) => state !== 'unknown');
    const loaded = new Set(reported.flatMap(({ endpoint, state }) => (state === 'loaded' ? [endpoint] : [])));
    return {
      name: id,
      aliasFor: olla.alias_for ?? [],
      endpoints: [...new Set(olla.availability.map(({ endpoint }) => endpoint))],
      loaded: reported.length === 0 ? null : loaded.size,
      family: olla.family,
      parameters: olla.parameter_size,
      quantization: olla.quantization,
      contextLength: olla.max_context_length ?? null,
      aliases: olla.aliases,
      stats: sumTraffic(countedNames(model).flatMap((name) => byName.get(name) ?? [])),
    };
  });
}

function sumTraffic(rows: readonly ModelStats[]): ModelTraffic | null {
  if (rows.length === 0) return null;
  const sum = (pick: (row: ModelStats) => number) => rows.reduce((total, row) => total + pick(row), 0);
  const buckets = (rows[0]?.ttft_buckets ?? []).map((_, index) => sum((row) => row.ttft_buckets[index] ?? 0));
  const tokens = sum((row) => row.tokens_out_total);
  const withSpeed = rows.filter((row) => row.tokens_per_second !== null);
  return {
    requests: sum((row) => row.total_requests),
    failures: sum((row) => row.failed_requests),
    ttftP50Ms: percentileMs(buckets, 0.5),
    ttftP95Ms: percentileMs(buckets, 0.95),
    // The harmonic mean, weighted by tokens: all tokens divided by the time that they took.
    tokensPerS:
      withSpeed.length === 0
        ? null
        : tokens / sum((row) => row.tokens_out_total / (row.tokens_per_second ?? Infinity)),
  };
}

/** `1/3`: in memory at one of three endpoints. */
export function showLoaded(row: ModelRow): string {
  return `${row.loaded ?? UNKNOWN}/${row.endpoints.length}`;
}

/** The columns of `olla ctl models`. */
export const MODEL_COLUMNS: readonly Column<ModelRow>[] = [
  { title: 'MODEL', value: (row) => row.name },
  { title: 'PARAMETERS', value: (row) => row.parameters || UNKNOWN },
  { title: 'QUANT', value: (row) => row.quantization || UNKNOWN },
  { title: 'CONTEXT', align: 'right', value: (row) => showCount(row.contextLength) },
  { title: 'LOADED', align: 'right', value: showLoaded },
  { title: 'REQUESTS', align: 'right', value: (row) => showCount(row.stats?.requests ?? 0) },
  { title: 'TTFT95', align: 'right', value: (row) => showMs(row.stats?.ttftP95Ms ?? null) },
  {
    title: 'TOK/S EACH',
    align: 'right',
    wide: true,
    value: (row) => showRate(row.stats?.tokensPerS ?? null),
  },
  { title: 'FAMILY', wide: true, value: (row) => row.family || UNKNOWN },
  { title: 'ENDPOINTS', value: (row) => row.endpoints.join(', ') },
  { title: 'ALIAS FOR', wide: true, value: (row) => row.aliasFor.join(', ') || UNKNOWN },
  { title: 'ALIASES', wide: true, value: (row) => row.aliases.join(', ') || UNKNOWN },
];
