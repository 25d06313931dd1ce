import type { WriteStream } from 'node:tty';
import { escapeControls } from '@olla/core/control-characters';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** Whether lines of this level are written. A caller may then skip making their fields. */
  enabled(level: LogLevel): boolean;
  /** Adds a line that is JSON already, without its line end: the log line of a request. */
  raw(line: string): void;
  /** Writes the buffered lines. Call it before the process ends. */
  flush(): void;
}

export interface LoggerOptions {
  readonly level: LogLevel;
  /** `pretty` for terminals, `json` for pipes. */
  readonly format: 'json' | 'pretty';
  /** Fields that every line has, such as the role of the process. */
  readonly base?: LogFields;
  readonly write?: (text: string) => void;
}

const FLUSH_MS = 50;
const FLUSH_BYTES = 32 * 1024;

const COLOURS: Record<LogLevel, string> = { debug: '90', info: '36', warn: '33', error: '31' };

/** The configured format, or else `pretty` for a terminal and JSON for a pipe. */
export function chooseFormat(
  configured: 'json' | 'text' | null,
  stream: Pick<WriteStream, 'isTTY'>,
): 'json' | 'pretty' {
  if (configured !== null) return configured === 'text' ? 'pretty' : 'json';
  return stream.isTTY ? 'pretty' : 'json';
}

/**
 * Makes a logger that buffers lines and writes them after 50 ms or 32 KiB, so that a request waits for no write and
 * needs no timer of its own. Warnings and errors are written at once, after the lines in the buffer.
 */
export function createLogger(options: LoggerOptions): Logger {
  const threshold = LOG_LEVELS.indexOf(options.level);
  const write = options.write ?? ((text: string): void => void process.stdout.write(text));
  const colour = options.format === 'pretty' && process.stdout.isTTY && process.env['NO_COLOR'] === undefined;
  let buffer = '';
  let timer: NodeJS.Timeout | null = null;

  const flush = (): void => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    if (buffer === '') return;
    const text = buffer;
    buffer = '';
    write(text);
  };
  const add = (line: string, isUrgent: boolean): void => {
    buffer += `${line}\n`;
    if (isUrgent || buffer.length >= FLUSH_BYTES) flush();
    else timer ??= setTimeout(flush, FLUSH_MS).unref();
  };
  const log = (level: LogLevel, message: string, fields: LogFields | undefined): void => {
    if (LOG_LEVELS.indexOf(level) < threshold) return;
    const line =
      options.format === 'json'
        ? escapeControls(
            JSON.stringify({
              time: new Date().toISOString(),
              level,
              ...options.base,
              msg: message,
              ...fields,
            }),
          )
        : formatPretty(level, message, fields, colour);
    add(line, level === 'warn' || level === 'error');
  };
  return {
    debug: (message, fields) => log('debug', message, fields),
    info: (message, fields) => log('info', message, fields),
    warn: (message, fields) => log('warn', message, fields),
    error: (message, fields) => log('error', message, fields),
    enabled: (level) => LOG_LEVELS.indexOf(level) >= threshold,
    raw: (line) => add(escapeControls(line), false),
    flush,
  };
}

function formatPretty(
  level: LogLevel,
  message: string,
  fields: LogFields | undefined,
  colour: boolean,
): string {
  const time = new Date().toTimeString().slice(0, 8);
  const word = level.toUpperCase().padEnd(5);
  const said = escapeControls(message);
  const extra = escapeControls(
    Object.entries(fields ?? {})
      .filter(([, value]) => value !== undefined)
      .map(
        ([key, value]) =>
          `${key}=${typeof value === 'string' && /[\s"]/.test(value) ? JSON.stringify(value) : value}`,
      )
      .join(' '),
  );
  const head = colour
    ? `\u001b[90m${time}\u001b[0m \u001b[${COLOURS[level]}m${word}\u001b[0m`
    : `${time} ${word}`;
  return extra === ''
    ? `${head} ${said}`
    : `${head} ${said} ${colour ? `\u001b[90m${extra}\u001b[0m` : extra}`;
}
