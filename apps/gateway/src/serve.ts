import { availableParallelism } from 'node:os';
import { performance } from 'node:perf_hooks';
import { ollaVersion, readBuildInfo } from '@olla/admin-api/build-info';
import { formatPlace, type Notice } from '@olla/config/problem';
import { configHash } from '@olla/config/config-hash';
import type { Settings } from '@olla/config/schema';
import { createAdminToken, removeAdminToken, type AdminToken } from '@olla/admin-api/token-file';
import type { Snapshot } from '@olla/core/snapshot';
import type { Logger } from '@olla/telemetry/logger';
import { openLog } from '@olla/telemetry/open-log';
import { nextSteps, startLines, startRecord, type EndpointSource, type StartFacts } from './announce.ts';
import { claimPort, StartupError } from './primary/claim-port.ts';
import { GatewayPrimary } from './primary/gateway-primary.ts';

export interface ServeOptions {
  readonly settings: Settings;
  readonly notices: readonly Notice[];
  readonly source: EndpointSource;
}

/** How long the lines of a start wait for every endpoint to have been probed once. */
const FIRST_PROBES_MS = 1_500;

/**
 * Runs a gateway until a signal stops it.
 *
 * @returns the exit code of the process
 * @throws StartupError with a message for the operator, if it cannot start
 */
export async function serve(options: ServeOptions): Promise<number> {
  const { settings } = options;
  const { log, format } = openLog(settings.logging, {
    base: { role: 'primary' },
    name: 'olla',
    rotates: true,
  });
  for (const notice of options.notices)
    log.info(`${notice.key}: ${notice.message}`, { at: formatPlace(notice) });

  const claim = await claimPort(settings.server.host, settings.server.port);
  const written = settings.admin.token === null ? writeAdminToken(claim.port, log) : null;
  const primary = new GatewayPrimary({
    settings,
    claim,
    workers: settings.server.workers ?? availableParallelism(),
    adminToken: settings.admin.token ?? written?.token ?? null,
    build: await readBuildInfo(),
    configHash: configHash(settings),
    log,
  });
  const stopped = stopOnSignals(primary, log);
  try {
    await primary.start();
    await announce(options, primary, claim.port, written?.path ?? null, format, log);
    return await stopped;
  } finally {
    if (written !== null) removeAdminToken(written);
    log.flush();
  }
}

async function announce(
  options: ServeOptions,
  primary: GatewayPrimary,
  port: number,
  adminTokenFile: string | null,
  format: 'json' | 'pretty',
  log: Logger,
): Promise<void> {
  const { settings, source } = options;
  const { host } = settings.server;
  const shownHost =
    host === '0.0.0.0' || host === '::' ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  const facts: StartFacts = {
    version: ollaVersion(),
    settings,
    source,
    snapshot: await firstProbes(primary, settings.discovery.static.endpoints.length),
    workers: settings.server.workers ?? availableParallelism(),
    url: `http://${shownHost}:${port}`,
    adminTokenFile,
    tookMs: performance.now(),
  };
  log.flush();
  if (format === 'pretty') process.stdout.write(`${startLines(facts).join('\n')}\n`);
  else {
    log.info('listening', startRecord(facts));
    // The demonstration is shown wherever the log goes.
    if (source.kind === 'demo') process.stderr.write(`${nextSteps(facts).join('\n')}\n`);
  }
  log.flush();
}

/** The newest snapshot once every endpoint was probed, or the one at the deadline. */
async function firstProbes(primary: GatewayPrimary, endpoints: number): Promise<Snapshot | null> {
  const { snapshots } = primary.hub.state;
  const probed = (snapshot: Snapshot | null): boolean =>
    snapshot !== null &&
    snapshot.endpoints.length >= endpoints &&
    snapshot.endpoints.every((endpoint) => endpoint.state !== 'unknown');
  const now = await snapshots.read().catch(() => null);
  if (probed(now)) return now;
  return new Promise((resolve) => {
    let newest = now;
    const finish = (): void => {
      clearTimeout(timer);
      unsubscribe();
      resolve(newest);
    };
    const timer = setTimeout(finish, FIRST_PROBES_MS);
    const unsubscribe = snapshots.onSnapshot((snapshot) => {
      newest = snapshot;
      if (probed(snapshot)) finish();
    });
  });
}

/**
 * One request to stop can arrive as two signals: a terminal signals the whole group and npm passes it on, timeout(1)
 * signals its child and then the group.
 */
const SAME_SIGNAL_MS = 20;

/** The first SIGTERM or SIGINT drains, a second one stops at once. */
function stopOnSignals(primary: GatewayPrimary, log: Logger): Promise<number> {
  return new Promise((resolve) => {
    let stoppingSince: number | null = null;
    const onSignal = (signal: NodeJS.Signals): void => {
      const now = performance.now();
      if (stoppingSince !== null) {
        if (now - stoppingSince < SAME_SIGNAL_MS) return;
        primary.killAll();
        log.warn(`stopping at once (${signal})`);
        process.exit(1);
      }
      stoppingSince = now;
      log.info(`${signal}: finishing what runs; send it again to stop at once`);
      primary.stop().then(
        () => resolve(0),
        (error: unknown) => {
          log.error(`stopping failed: ${String(error)}`);
          resolve(1);
        },
      );
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  });
}

/** Of a gateway without a configured token: one that local consoles find. */
function writeAdminToken(port: number, log: Logger): AdminToken | null {
  try {
    return createAdminToken(port, process.env);
  } catch (error) {
    log.warn(
      `no admin token could be written, so drain, resume and refresh are off: ${String(error)}. Set admin.token to have them`,
    );
    return null;
  }
}

export { StartupError };
