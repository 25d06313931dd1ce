import type { LoadResult } from '@olla/config/load';
import { CommandError } from './command-error.ts';
import { EXIT } from './exit-codes.ts';

/** Flags of `serve` and `agent` that override the file and the environment. */
export interface SettingsFlags {
  config?: string;
  host?: string;
  port?: string;
  workers?: string;
  redisUrl?: string;
}

export type LoadedSettings = Extract<LoadResult, { ok: true }>;

/**
 * Loads the settings of the file, the environment and the flags.
 *
 * @throws CommandError with all problems, each with its `file:line:col`, variable or flag
 */
export async function settingsFromFlags(flags: SettingsFlags): Promise<LoadedSettings> {
  const { formatProblems, loadSettings } = await import('@olla/config/load');
  const { config, ...overrides } = flags;
  const loaded = loadSettings({ file: config, env: process.env, cwd: process.cwd(), flags: overrides });
  if (loaded.ok) return loaded;
  const { length } = loaded.problems;
  const onlyFlags = loaded.problems.every(({ variable }) => variable?.startsWith('--'));
  throw new CommandError(
    onlyFlags ? EXIT.usage : EXIT.failed,
    'CONFIG_INVALID',
    `${length} ${length === 1 ? 'problem' : 'problems'} in the configuration\n${formatProblems(loaded.problems)}`,
  );
}
