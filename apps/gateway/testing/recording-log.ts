import type { LogFields, Logger } from '@olla/telemetry/logger';
import { waitFor } from '@olla/testing/wait-for';

/** A line of a worker's log, as its JSON form has it. */
export type LogLine = Readonly<Record<string, unknown>>;

/** A logger that keeps its lines for a test. */
export class RecordingLog implements Logger {
  readonly lines: LogLine[] = [];

  debug(message: string, fields?: LogFields): void {
    this.#add('debug', message, fields);
  }

  info(message: string, fields?: LogFields): void {
    this.#add('info', message, fields);
  }

  warn(message: string, fields?: LogFields): void {
    this.#add('warn', message, fields);
  }

  error(message: string, fields?: LogFields): void {
    this.#add('error', message, fields);
  }

  enabled(): boolean {
    return true;
  }

  raw(line: string): void {
    this.lines.push(JSON.parse(line) as LogLine);
  }

  flush(): void {
    // There is no buffer to flush.
  }

  /** The log line of the request with this id, once the request is settled. */
  request(id: string): Promise<LogLine> {
    return this.until(
      `the log line of request ${id}`,
      (line) => line['msg'] === 'request' && line['id'] === id,
    );
  }

  until(describe: string, matches: (line: LogLine) => boolean): Promise<LogLine> {
    return waitFor(() => this.lines.find(matches), { describe, intervalMs: 1 });
  }

  #add(level: string, msg: string, fields: LogFields | undefined): void {
    this.lines.push({ level, msg, ...fields });
  }
}
