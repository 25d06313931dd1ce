import {
  chmodSync,
  closeSync,
  fchmodSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

type Env = Readonly<Record<string, string | undefined>>;

/** Where the token of the gateway that listens on `port` of this machine lies, for this user. */
export function adminTokenPath(port: number, env: Env = process.env): string {
  const runtime = env['XDG_RUNTIME_DIR'];
  const folder = runtime?.startsWith('/') ? join(runtime, 'olla') : join(env['HOME'] || homedir(), '.olla');
  return join(folder, `admin-${port}.token`);
}

export interface AdminToken {
  readonly token: string;
  readonly path: string;
}

/**
 * Makes a new admin token and leaves it in a file that only this user can read (0600, in a folder of mode 0700).
 * Replaces the file of an earlier gateway on that port, also if that is a link to elsewhere.
 *
 * @throws the error of the file system, with the path in its message
 */
export function ensureAdminToken(port: number, env: Env = process.env): AdminToken {
  const path = adminTokenPath(port, env);
  const folder = dirname(path);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(folder, 0o700);
  // Loaded here, because the console only reads tokens and starts 10 ms sooner without it.
  const { randomBytes } = process.getBuiltinModule('node:crypto');
  const token = randomBytes(32).toString('base64url');
  // Written under another name first: whoever reads the path finds a whole token or none.
  const draft = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`;
  const file = openSync(draft, 'wx', 0o600);
  try {
    fchmodSync(file, 0o600);
    writeSync(file, `${token}\n`);
  } finally {
    closeSync(file);
  }
  renameSync(draft, path);
  return { token, path };
}

/** Removes the token of a gateway that stops, unless another gateway has replaced it since. */
export function removeAdminToken({ token, path }: AdminToken): void {
  try {
    if (readFileSync(path, 'utf8').trim() === token) rmSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/**
 * Reads a token file.
 *
 * @returns null if there is none
 * @throws Error if others than its owner may read it, or it holds no token
 */
export function readTokenFile(path: string): string | null {
  let text: string;
  try {
    if (
      process.platform !== 'win32' &&
      (lstatSync(path).mode & 0o077) !== 0 &&
      !lstatSync(path).isSymbolicLink()
    ) {
      throw new Error(`${path} may be read by others: chmod 600 ${path}`);
    }
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  const token = text.trim();
  if (!/^[\x21-\x7e]{8,}$/.test(token))
    throw new Error(`${path} holds no token: one line of at least 8 visible characters`);
  return token;
}
