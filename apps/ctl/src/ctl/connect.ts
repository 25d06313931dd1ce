import { createClient, type AdminClient } from '@olla/admin-api/client';
import { adminTokenPath, readTokenFile } from '@olla/admin-api/token-file';
import { hostname, userInfo } from 'node:os';
import { CommandError, EXIT } from '../exit-codes.ts';
import type { CtlFlags } from './ctl-flags.ts';

const DEFAULT_GATEWAY = 'http://localhost:40114';

/**
 * A client for reads.
 *
 * @param longestMs more patience than that is never had
 * @throws CommandError for a URL or a time that is none
 */
export function connect(flags: CtlFlags, longestMs = Number.POSITIVE_INFINITY): AdminClient {
  return createClient({
    gatewayUrl: gatewayUrl(flags).href,
    timeoutMs: Math.min(timeoutMs(flags), longestMs),
  });
}

/** A client that may act: with the admin token. @throws CommandError if there is none */
export function connectAsAdmin(flags: CtlFlags): AdminClient {
  const url = gatewayUrl(flags);
  return createClient({
    gatewayUrl: url.href,
    timeoutMs: timeoutMs(flags),
    token: findToken(flags, url),
    actor: whoAmI(),
  });
}

function gatewayUrl(flags: CtlFlags): URL {
  const text = flags.gateway ?? (process.env['OLLA_GATEWAY'] || DEFAULT_GATEWAY);
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url !== null && (url.protocol === 'http:' || url.protocol === 'https:')) return url;
  const where = flags.gateway === undefined ? 'OLLA_GATEWAY' : '--gateway';
  throw new CommandError(
    EXIT.usage,
    'BAD_GATEWAY_URL',
    `${where} is no URL: ${text}`,
    `Write it as ${DEFAULT_GATEWAY}.`,
  );
}

function timeoutMs(flags: CtlFlags): number {
  const seconds = Number(flags.timeout);
  if (seconds > 0 && seconds <= 3_600) return seconds * 1_000;
  throw new CommandError(EXIT.usage, 'BAD_TIMEOUT', `--timeout is no number of seconds: ${flags.timeout}`);
}

function findToken(flags: CtlFlags, url: URL): string {
  const local = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname);
  if (!local && url.protocol !== 'https:' && !flags.insecure) {
    throw new CommandError(
      EXIT.usage,
      'INSECURE_TOKEN',
      `the admin token would go to ${url.origin} unencrypted`,
      'Use https://, or --insecure within a network that you trust.',
    );
  }
  const path = flags.tokenFile ?? process.env['OLLA_ADMIN_TOKEN_FILE'];
  if (path) return tokenFrom(path) ?? missing(`there is no token file ${path}`);
  const given = process.env['OLLA_ADMIN_TOKEN'];
  if (given) return given;
  if (!local) return missing(`no admin token for ${url.origin}`);
  const found = adminTokenPath(Number(url.port || 80), process.env);
  return tokenFrom(found) ?? missing(`there is no token of a local gateway at ${found}`);
}

function tokenFrom(path: string): string | null {
  try {
    return readTokenFile(path);
  } catch (error) {
    throw new CommandError(
      EXIT.auth,
      'TOKEN_UNREADABLE',
      error instanceof Error ? error.message : String(error),
      undefined,
      {
        cause: error,
      },
    );
  }
}

function missing(message: string): never {
  throw new CommandError(
    EXIT.auth,
    'NO_TOKEN',
    message,
    'Name the file with --token-file, or set OLLA_ADMIN_TOKEN.',
  );
}

/** Shown in the events of the cluster; visible ASCII without spaces, as the API takes it. */
function whoAmI(): string {
  return `${userName()}@${hostname()}`.replace(/[^\x21-\x7e]/g, '_').slice(0, 64);
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return 'unknown'; // a uid without an entry in passwd, as in containers
  }
}
