import type { StatsModelsBody } from '@olla/admin-api/schema/stats';
import type { UnifiedModel } from '@olla/admin-api/client';
import { showCount, showMs, showRate, UNKNOWN } from './numbers.ts';
import type { Column } from './table.ts';

type ModelStats = StatsModelsBody['models'][number];

/** A model of the fleet, with where it is and what was asked of it. */
export interface ModelRow {
  readonly name: string;
  readonly endpoints: readonly string[];
  /** Endpoints that have it in memory; null where none tells. */
  readonly loaded: number | null;
  readonly family: string;
  readonly parameters: string;
  readonly quantization: string;
  readonly contextLength: number | null;
  readonly aliases: readonly string[];
  readonly stats: ModelStats | null;
}

/** Joins `/olla/models` with `/internal/stats/models`; models that are gone but were asked for are left out. */
export function modelRows(models: readonly UnifiedModel[], stats: StatsModelsBody | null): ModelRow[] {
  const byName = new Map(stats?.models.map((row) => [row.name, row]));
  return models.map(({ id, olla }) => {
    const told = olla.availability.filter(({ state }) => state !== 'unknown');
    return {
      name: id,
      endpoints: olla.availability.map(({ endpoint }) => endpoint),
      loaded: told.length === 0 ? null : told.filter(({ state }) => state === 'loaded').length,
      family: olla.family,
      parameters: olla.parameter_size,
      quantization: olla.quantization,
      contextLength: olla.max_context_length ?? null,
      aliases: olla.aliases,
      stats: byName.get(id) ?? null,
    };
  });
}

/** `1/3`: in memory on one of three endpoints. */
export function showLoaded(row: ModelRow): string {
  return `${row.loaded ?? UNKNOWN}/${row.endpoints.length}`;
}

/** Columns of `olla ctl models`. */
export const MODEL_COLUMNS: readonly Column<ModelRow>[] = [
  { title: 'MODEL', value: (row) => row.name },
  { title: 'PARAMETERS', value: (row) => row.parameters || UNKNOWN },
  { title: 'QUANT', value: (row) => row.quantization || UNKNOWN },
  { title: 'CONTEXT', align: 'right', value: (row) => showCount(row.contextLength) },
  { title: 'LOADED', align: 'right', value: showLoaded },
  { title: 'REQUESTS', align: 'right', value: (row) => showCount(row.stats?.total_requests ?? 0) },
  { title: 'TTFT95', align: 'right', value: (row) => showMs(row.stats?.ttft_p95_ms ?? null) },
  {
    title: 'TOK/S EACH',
    align: 'right',
    wide: true,
    value: (row) => showRate(row.stats?.tokens_per_second ?? null),
  },
  { title: 'FAMILY', wide: true, value: (row) => row.family || UNKNOWN },
  { title: 'ENDPOINTS', value: (row) => row.endpoints.join(', ') },
  { title: 'ALIASES', wide: true, value: (row) => row.aliases.join(', ') || UNKNOWN },
];
