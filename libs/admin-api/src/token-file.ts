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

/** The path of the token file of the gateway that listens on `port` of this machine and runs as this user. */
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
 * Creates an admin token and writes it to a file that only this user can read (0600, in a folder of mode 0700). It
 * replaces the file of an earlier gateway on that port. If that is a link, it replaces the link.
 *
 * @throws the error of the file system, whose message has the path
 */
export function createAdminToken(port: number, env: Env = process.env): AdminToken {
  const path = adminTokenPath(port, env);
  const folder = dirname(path);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(folder, 0o700);
  // Loaded here, because `olla ctl` only reads tokens and starts 10 ms sooner without node:crypto.
  const { randomBytes } = process.getBuiltinModule('node:crypto');
  const token = randomBytes(32).toString('base64url');
  // The file is written under another name and renamed, so that a reader finds a complete token or none.
  const temporary = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`;
  const file = openSync(temporary, 'wx', 0o600);
  try {
    fchmodSync(file, 0o600);
    writeSync(file, `${token}\n`);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
  return { token, path };
}

/** Removes the token file of a gateway that stops, unless another gateway has replaced it. */
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
 * @returns null if there is no file
 * @throws Error if other users may read it, or if it contains no token
 */
export function readTokenFile(path: string): string | null {
  let text: string;
  try {
    if (
      process.platform !== 'win32' &&
      (lstatSync(path).mode & 0o077) !== 0 &&
      !lstatSync(path).isSymbolicLink()
    ) {
      throw new Error(`other users may read ${path}. Run: chmod 600 ${path}`);
    }
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  const token = text.trim();
  if (!/^[\x21-\x7e]{8,}$/.test(token))
    throw new Error(`${path} contains no token, which is one line of at least 8 visible characters`);
  return token;
}
