import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The build of the running process. Unknown values are null. */
export interface BuildInfo {
  readonly version: string;
  /** Hash of the commit. It ends in `-dirty` if the files differed from the commit. */
  readonly commit: string | null;
  /** ISO 8601; null when the source runs without a build. */
  readonly builtAt: string | null;
}

// tools/build.ts defines these in the bundle. They are not defined when the source runs.
declare const OLLA_VERSION: string | undefined;
declare const OLLA_COMMIT: string | null;
declare const OLLA_BUILT_AT: string | null;

const GIT_TIMEOUT_MS = 2_000;

/** The version of this build: defined in the bundle, else taken from the package.json of the working tree. */
export function ollaVersion(): string {
  if (typeof OLLA_VERSION === 'string') return OLLA_VERSION;
  const text = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/** The version, commit and date of this build: defined in the bundle, else the commit comes from git. Never rejects. */
export async function readBuildInfo(): Promise<BuildInfo> {
  const version = ollaVersion();
  if (typeof OLLA_VERSION === 'string') return { version, commit: OLLA_COMMIT, builtAt: OLLA_BUILT_AT };
  const root = fileURLToPath(new URL('../../../', import.meta.url));
  return { version, commit: await readCommit(root), builtAt: null };
}

/**
 * The commit of a working tree.
 *
 * @returns null without git, and for a folder that is not the top of a repository of its own
 */
export async function readCommit(root: string): Promise<string | null> {
  // A copy of the source inside another repository is not that repository's commit.
  const [prefix, commit] = await Promise.all([
    git(root, ['rev-parse', '--show-prefix']),
    git(root, ['describe', '--always', '--dirty', '--abbrev=40', '--exclude=*']),
  ]);
  return prefix === '' ? commit : null;
}

/** The output of a git command; null if it fails. */
function git(root: string, args: readonly string[]): Promise<string | null> {
  const { execFile } = process.getBuiltinModule('node:child_process');
  return new Promise((resolve) => {
    execFile('git', ['-C', root, ...args], { timeout: GIT_TIMEOUT_MS }, (error, stdout) =>
      resolve(error === null ? stdout.trim() : null),
    );
  });
}
