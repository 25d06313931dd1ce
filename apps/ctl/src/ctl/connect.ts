import { hostname, userInfo } from 'node:os';
import { createClient, type AdminClient } from '@olla/admin-api/client';
import { adminTokenPath, readTokenFile } from '@olla/admin-api/token-file';
import { CommandError } from '../command-error.ts';
import { EXIT } from '../exit-codes.ts';
import type { CtlFlags } from './ctl-flags.ts';

const DEFAULT_GATEWAY = 'http://localhost:40114';

/**
 * Makes a client for reads.
 *
 * @param maxTimeoutMs upper limit of the timeout
 * @throws CommandError for a URL or a timeout that is not valid
 */
export function connect(flags: CtlFlags, maxTimeoutMs = Number.POSITIVE_INFINITY): AdminClient {
  return createClient({
    gatewayUrl: gatewayUrl(flags).href,
    timeoutMs: Math.min(timeoutMs(flags), maxTimeoutMs),
  });
}

/** Makes a client with the admin token, for actions. @throws CommandError when no token is found */
export function connectAsAdmin(flags: CtlFlags): AdminClient {
  const url = gatewayUrl(flags);
  return createClient({
    gatewayUrl: url.href,
    timeoutMs: timeoutMs(flags),
    token: findToken(flags, url),
    actor: actorName(),
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
    `${where} is not an http:// or https:// URL: ${text}`,
    { hint: `Write it as ${DEFAULT_GATEWAY}.` },
  );
}

function timeoutMs(flags: CtlFlags): number {
  const seconds = Number(flags.timeout);
  if (seconds > 0 && seconds <= 3_600) return seconds * 1_000;
  const message = `--timeout must be a number of seconds up to 3600, not ${flags.timeout}`;
  throw new CommandError(EXIT.usage, 'BAD_TIMEOUT', message);
}

function findToken(flags: CtlFlags, url: URL): string {
  const local = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname);
  if (!local && url.protocol !== 'https:' && !flags.insecure) {
    throw new CommandError(
      EXIT.usage,
      'INSECURE_TOKEN',
      `the admin token would be sent to ${url.origin} unencrypted`,
      { hint: 'Use https://, or --insecure within a network that you trust.' },
    );
  }
  const path = flags.tokenFile ?? process.env['OLLA_ADMIN_TOKEN_FILE'];
  if (path) return readToken(path) ?? missingToken(`token file ${path} does not exist`);
  const given = process.env['OLLA_ADMIN_TOKEN'];
  if (given) return given;
  if (!local) return missingToken(`there is no admin token for ${url.origin}`);
  const found = adminTokenPath(Number(url.port || 80), process.env);
  return readToken(found) ?? missingToken(`there is no token of a local gateway at ${found}`);
}

function readToken(path: string): string | null {
  try {
    return readTokenFile(path);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new CommandError(EXIT.auth, 'TOKEN_UNREADABLE', message, { cause: error });
  }
}

function missingToken(message: string): never {
  throw new CommandError(EXIT.auth, 'NO_TOKEN', message, {
    hint: 'Give the file with --token-file, or set OLLA_ADMIN_TOKEN.',
  });
}

/** The user as the cluster's events show it. The API takes visible ASCII without spaces. */
function actorName(): string {
  return `${userName()}@${hostname()}`.replace(/[^\x21-\x7e]/g, '_').slice(0, 64);
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return 'unknown'; // a uid without an entry in passwd, which containers often have
  }
}
