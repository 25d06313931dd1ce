import { resolve } from 'node:path';
import { checkDraft } from './check.ts';
import { type ConfigFlags, Draft } from './draft.ts';
import { findFile, readText } from './find-file.ts';
import { KEY_ROWS } from './key-table.ts';
import { collectNotices } from './notices.ts';
import { formatPath, formatPlace, type Notice, type Path, type Problem } from './problem.ts';
import type { Settings } from './schema.ts';
import { readSecretFiles } from './secret-files.ts';

export { formatNotices, formatProblems } from './problem.ts';

export interface LoadOptions {
  /** The file that `--config` names. Without it `findFile` decides. */
  readonly file?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Relative paths, also those of secret files, start here. */
  readonly cwd: string;
  readonly flags?: ConfigFlags;
}

export type LoadResult =
  | {
      readonly ok: true;
      readonly settings: Settings;
      readonly notices: readonly Notice[];
      /** The file that was read, as it was named; null if there is none. */
      readonly source: string | null;
      /** Whether the file has a list of endpoints, even an empty one. Without one, `olla serve` may look for servers. */
      readonly endpointsGiven: boolean;
      /** Where each key was set: `config.yaml:3:5`, `OLLA_SERVER_PORT`, `--port`. Keys with their defaults are absent. */
      readonly origins: Readonly<Record<string, string>>;
    }
  | {
      readonly ok: false;
      /** All problems, in the order of the file. */
      readonly problems: readonly Problem[];
      readonly source: string | null;
    };

/**
 * Loads the settings. Flags override environment variables, these override the file, and the file overrides the defaults.
 * It reads the configuration file and secret files. It never throws for a mistake of the operator: those are in the
 * result.
 */
export function loadSettings(options: LoadOptions): LoadResult {
  const { env, cwd } = options;
  const source = findFile(options.file, env, cwd);
  const content = source === null ? { text: '' } : readText(resolve(cwd, source));
  if ('reason' in content) return { ok: false, problems: [unreadable(source, content.reason)], source };

  const draft = new Draft(source, content.text);
  if (draft.isReadable) draft.addFile(env);
  draft.addEnv(env);
  draft.addFlags(options.flags ?? {});
  const unfilled = readSecretFiles(draft, cwd);
  const settings = checkDraft(draft, unfilled);
  if (settings === null) return { ok: false, problems: inOrder(draft.problems), source };
  return {
    ok: true,
    settings,
    notices: collectNotices(draft, settings, env),
    source,
    endpointsGiven: draft.get(['discovery', 'static', 'endpoints']) !== undefined,
    origins: originsOf(draft),
  };
}

function unreadable(file: string | null, reason: string): Problem {
  const message = `cannot be read: ${reason}. Name another file with --config, or write one with: olla config init`;
  return {
    code: 'FILE_UNREADABLE',
    key: '',
    message,
    suggestion: null,
    file,
    line: null,
    column: null,
    variable: null,
  };
}

function inOrder(problems: readonly Problem[]): Problem[] {
  const rank = ({ line, column }: Problem) => (line ?? Number.MAX_SAFE_INTEGER / 1e6) * 1e5 + (column ?? 0);
  return problems.toSorted((a, b) => rank(a) - rank(b));
}

function originsOf(draft: Draft): Record<string, string> {
  const paths = KEY_ROWS.flatMap(({ path }) => pathsOf(draft, path)).filter(
    (path) => draft.get(path) !== undefined,
  );
  return Object.fromEntries(
    paths.map((path) => [formatPath(path), formatPlace(draft.placeOf(path, 'value'))]),
  );
}

/** Replaces the `[]` of a path by the index of each item that the draft has there. */
function pathsOf(draft: Draft, path: Path): Path[] {
  const at = path.indexOf('[]');
  if (at < 0) return [path];
  const items = draft.get(path.slice(0, at));
  const count = Array.isArray(items) ? items.length : 0;
  return Array.from({ length: count }, (_, index) => [...path.slice(0, at), index, ...path.slice(at + 1)]);
}
