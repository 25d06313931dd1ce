import { EXIT, type ExitCode } from '../exit-codes.ts';
import { MODEL_COLUMNS, modelRows, type ModelRow } from '../view/model-rows.ts';
import { connect } from './connect.ts';
import type { CtlFlags } from './ctl-flags.ts';
import { findNamed } from './find-named.ts';
import { print } from './print.ts';
import { withCommandErrors } from './to-command-error.ts';

/** Runs `olla ctl models [name]`. @throws CommandError */
export async function showModels(flags: CtlFlags, name: string | undefined): Promise<ExitCode> {
  const client = connect(flags);
  try {
    const [models, stats] = await withCommandErrors(() =>
      Promise.all([client.models(), client.statsModels()]),
    );
    const all = modelRows(models, stats).toSorted((a, b) => (a.name < b.name ? -1 : 1));
    const rows = name === undefined ? all : [findNamed({ kind: 'model', name }, all, (row) => row.name)];
    const items = rows.map(toJson);
    await print<ModelRow>(flags, {
      body: name === undefined ? items : items[0],
      items,
      columns: MODEL_COLUMNS,
      rows,
      name: (row) => row.name,
    });
    return EXIT.ok;
  } finally {
    client.close();
  }
}

/** The row as JSON, with names in the style of the API. */
function toJson(row: ModelRow): Record<string, unknown> {
  return {
    name: row.name,
    endpoints: row.endpoints,
    endpoints_loaded: row.loaded,
    family: row.family,
    parameter_size: row.parameters,
    quantization: row.quantization,
    context_length: row.contextLength,
    alias_for: row.aliasFor,
    aliases: row.aliases,
    requests_total: row.stats?.requests ?? 0,
    failures_total: row.stats?.failures ?? 0,
    ttft_p50_ms: row.stats?.ttftP50Ms ?? null,
    ttft_p95_ms: row.stats?.ttftP95Ms ?? null,
    tokens_per_second: row.stats?.tokensPerS ?? null,
  };
}
