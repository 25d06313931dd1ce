import { formatNotices } from '@olla/config/load';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { settingsFromFlags, type SettingsFlags } from './settings-from-flags.ts';

/** Checks a configuration with the code that `serve` uses, and prints the result. */
export async function checkConfig(flags: SettingsFlags): Promise<ExitCode> {
  const { settings, source, notices } = await settingsFromFlags(flags);
  if (notices.length > 0) process.stderr.write(`${formatNotices(notices)}\n`);
  const { length } = settings.discovery.static.endpoints;
  const what = `${length} ${length === 1 ? 'endpoint' : 'endpoints'}`;
  process.stdout.write(`${source ?? 'defaults and environment'}: ok, ${what}\n`);
  return EXIT.ok;
}
