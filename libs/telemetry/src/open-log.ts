import { LogFile, type LogFileSettings } from './log-file.ts';
import { chooseFormat, createLogger, type LogFields, type Logger, type LogLevel } from './logger.ts';

/** `logging` of the configuration. */
export interface LoggingSettings {
  readonly level: LogLevel;
  readonly format: 'json' | 'text' | null;
  readonly output: 'stdout' | 'file';
  readonly file: LogFileSettings;
}

export interface OpenLogOptions {
  readonly base: LogFields;
  /** Name of the log file without `.log`. */
  readonly name: string;
  /** Whether this process rotates the file. Only one of the processes that write a file may. */
  readonly rotates: boolean;
}

export interface OpenedLog {
  readonly log: Logger;
  readonly format: 'json' | 'pretty';
}

const ROTATION_CHECK_MS = 1_000;

/** Opens the log of a process: stdout, and the same lines without colours in a file where `output` is `file`. */
export function openLog(logging: LoggingSettings, { base, name, rotates }: OpenLogOptions): OpenedLog {
  const { level } = logging;
  const format = chooseFormat(logging.format, process.stdout);
  if (logging.output === 'stdout') return { log: createLogger({ level, format, base }), format };
  const file = new LogFile(logging.file, name, (error) => {
    if (!rotates) return;
    const reason = error instanceof Error ? error.message : String(error);
    process.stderr.write(
      `olla: the log file cannot be written: ${reason}. Set logging.file.dir to a folder that this user may write\n`,
    );
  });
  if (rotates) setInterval(() => file.rotate(), ROTATION_CHECK_MS).unref();
  const write = (text: string): void => {
    process.stdout.write(text);
    file.append(text);
  };
  return { log: createLogger({ level, format, base, write }), format };
}
