import type { ExplainedKey } from '@olla/config/explain';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { settingsFromFlags, type SettingsFlags } from './settings-from-flags.ts';
import { printTable, type Column } from './view/table.ts';

export interface ExplainFlags {
  /** Only the keys that a file, a variable or a flag sets. */
  readonly set?: true;
  readonly json?: true;
}

const COLUMNS: readonly Column<ExplainedKey>[] = [
  { title: 'KEY', value: ({ key }) => key },
  { title: 'VALUE', value: ({ value }) => formatValue(value) },
  { title: 'SET BY', value: ({ source }) => source },
];

/** Prints each key with its value and source. Secrets are hidden. */
export async function explainConfig(settings: SettingsFlags, flags: ExplainFlags): Promise<ExitCode> {
  const { explainSettings } = await import('@olla/config/explain');
  const all = explainSettings(await settingsFromFlags(settings));
  const shown = flags.set ? all.filter(({ source }) => source !== 'default') : all;
  process.stdout.write(
    flags.json ? `${JSON.stringify(shown, null, 2)}\n` : printTable(COLUMNS, shown, false),
  );
  return EXIT.ok;
}

function formatValue(value: unknown): string {
  if (value === null) return '-';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
