import { readFileSync } from 'node:fs';

/** The text of a file under /proc. Undefined when the process has ended or the file may not be read. */
export function readFileIfExists(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
