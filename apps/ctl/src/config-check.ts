import { EXIT, type ExitCode } from './exit-codes.ts';
import { settingsFromFlags, type SettingsFlags } from './settings-from-flags.ts';

/** Checks a configuration with the code that `serve` starts with, and says what it found. */
export async function checkConfig(flags: SettingsFlags): Promise<ExitCode> {
  const { settings, source, notices } = await settingsFromFlags(flags);
  for (const notice of notices) process.stderr.write(`notice: ${String(notice)}\n`);
  process.stdout.write(
    `ok: ${String(source ?? 'defaults and environment')}, ${settings.endpoints.length} endpoints\n`,
  );
  return EXIT.ok;
}
