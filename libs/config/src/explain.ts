import { formatDuration } from './duration.ts';
import { rowAt } from './key-table.ts';
import type { LoadResult } from './load.ts';
import { formatPath, type Path } from './problem.ts';
import { redactSettings } from './redact.ts';
import { isTree } from './tree.ts';

/** One key with its value and its origin. */
export interface ExplainedKey {
  readonly key: string;
  /** As it would be written in a file. Secrets are hidden; null is not set. */
  readonly value: unknown;
  /** `config.yaml:3:5`, `OLLA_SERVER_PORT`, `--port` or `default`. */
  readonly source: string;
}

/** Lists all keys that have an effect, in the order of the schema. */
export function explainSettings(loaded: Extract<LoadResult, { ok: true }>): ExplainedKey[] {
  const explained: ExplainedKey[] = [];
  collect(redactSettings(loaded.settings), []);
  return explained;

  function collect(value: unknown, path: Path): void {
    const row = rowAt(path);
    if (row === null && isTree(value)) {
      for (const [key, entry] of Object.entries(value)) collect(entry, [...path, key]);
    } else if (row === null && Array.isArray(value)) {
      for (const [index, entry] of value.entries()) collect(entry, [...path, index]);
    } else {
      const key = formatPath(path);
      const shown = row?.kind === 'duration' && typeof value === 'number' ? formatDuration(value) : value;
      explained.push({ key, value: shown, source: loaded.origins[key] ?? 'default' });
    }
  }
}
