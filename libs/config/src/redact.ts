import { rowAt } from './key-table.ts';
import type { Path } from './problem.ts';
import type { Settings } from './schema.ts';
import { isTree } from './tree.ts';

const HIDDEN = '(hidden)';

/** A copy of the settings that may be shown. Secrets are hidden; of the URL of Redis, only the user and the password. */
export function redactSettings(settings: Settings): Settings {
  return { ...redact(settings, []), redis: { ...settings.redis, url: redactUrl(settings.redis.url) } };
}

function redact<T>(value: T, path: Path): T;
function redact(value: unknown, path: Path): unknown {
  if (Array.isArray(value)) return value.map((item: unknown, index) => redact(item, [...path, index]));
  if (isTree(value)) {
    return Object.fromEntries(
      Object.entries(value).map(([key, entry]) => [key, redact(entry, [...path, key])]),
    );
  }
  return value !== null && rowAt(path)?.secret === true ? HIDDEN : value;
}

function redactUrl(url: string | null): string | null {
  return url === null ? null : url.replace(/\/\/[^/]*@/, `//${HIDDEN}@`).replace(/[?#].*$/s, '');
}
