import { appendFileSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** `logging.file` of the configuration. */
export interface LogFileSettings {
  readonly dir: string;
  readonly max_size_mb: number;
  /** 0 keeps all, as does `max_age_days`. */
  readonly max_backups: number;
  readonly max_age_days: number;
}

const MB = 1_048_576;
const DAY_MS = 86_400_000;
/** Matches escape sequences for colours (ECMA-48, SGR). */
const COLOUR = /\u001b\[[0-9;]*m/g;

/**
 * A log file that several processes write and one rotates. Each write opens the file by its name, so that no process
 * goes on writing to a file that was renamed.
 */
export class LogFile {
  readonly #settings: LogFileSettings;
  readonly #name: string;
  readonly #onError: (error: unknown) => void;
  #failed = false;

  /**
   * @param name without `.log`
   * @param onError called with the first of consecutive failures
   */
  constructor(settings: LogFileSettings, name: string, onError: (error: unknown) => void) {
    this.#settings = settings;
    this.#name = name;
    this.#onError = onError;
    this.#attempt(() => mkdirSync(settings.dir, { recursive: true }));
  }

  get path(): string {
    return join(this.#settings.dir, `${this.#name}.log`);
  }

  append(text: string): void {
    this.#attempt(() => appendFileSync(this.path, text.replace(COLOUR, '')));
  }

  /** Renames a full file to `NAME-TIME.log`, and removes backups beyond age and number. For one process only. */
  rotate(now = Date.now()): void {
    const { dir, max_size_mb: maxMb } = this.#settings;
    const size = statSync(this.path, { throwIfNoEntry: false })?.size ?? 0;
    if (size < maxMb * MB) return;
    const time = new Date(now).toISOString().replaceAll(':', '-');
    this.#attempt(() => {
      renameSync(this.path, join(dir, `${this.#name}-${time}.log`));
      this.#prune(now);
    });
  }

  #prune(now: number): void {
    const { dir, max_backups: maxBackups, max_age_days: maxDays } = this.#settings;
    const pattern = new RegExp(`^${this.#name}-\\d{4}-.*Z\\.log$`);
    const newestFirst = readdirSync(dir)
      .filter((file) => pattern.test(file))
      .sort()
      .reverse();
    for (const [index, file] of newestFirst.entries()) {
      const path = join(dir, file);
      const isTooMuch = maxBackups > 0 && index >= maxBackups;
      const isTooOld = maxDays > 0 && now - statSync(path).mtimeMs > maxDays * DAY_MS;
      if (isTooMuch || isTooOld) rmSync(path, { force: true });
    }
  }

  /** A full disk or a missing folder must not end the process, and must not be reported with each line. */
  #attempt(work: () => void): void {
    try {
      work();
      this.#failed = false;
    } catch (error) {
      if (this.#failed) return;
      this.#failed = true;
      this.#onError(error);
    }
  }
}
