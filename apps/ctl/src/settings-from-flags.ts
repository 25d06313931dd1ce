import { CommandError, EXIT } from './exit-codes.ts';

/** Flags of `serve` and `agent` that overrule the file and the environment. */
export interface SettingsFlags {
  config?: string;
  host?: string;
  port?: string;
  workers?: string;
  redisUrl?: string;
}

/**
 * Loads the settings as the flags say.
 *
 * @throws CommandError with every problem of the file, each with `file:line:col`
 */
export async function settingsFromFlags(flags: SettingsFlags) {
  const { loadSettings } = await import('@olla/config/load');
  const { config, ...overrides } = flags;
  const loaded = await loadSettings({
    ...(config === undefined ? {} : { file: config }),
    env: process.env,
    cwd: process.cwd(),
    flags: overrides,
  });
  if (loaded.ok) return loaded;
  const { formatProblems } = await import('@olla/config/load');
  throw new CommandError(
    EXIT.failed,
    'CONFIG_INVALID',
    `the configuration has problems:\n${formatProblems(loaded.problems)}`,
    'Nothing was started. `olla config check` prints this again after a correction.',
  );
}
