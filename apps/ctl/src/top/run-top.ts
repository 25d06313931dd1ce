import type { AdminClient } from '@olla/admin-api/client';
import { EXIT } from '../exit-codes.ts';
import { readSample, TopSession } from './top-session.ts';

declare const OLLA_VERSION: string | undefined;

export interface RunTopOptions {
  readonly client: AdminClient;
  readonly admin: () => AdminClient;
  readonly intervalMs: number;
  readonly ascii: boolean;
  readonly color: boolean;
}

/** What a shell expects of a process that a signal ended. */
const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/**
 * Shows the cluster live until somebody quits or a signal comes; the terminal is as before then.
 *
 * @returns the exit code of the process
 * @throws AdminError if the gateway cannot be read at the start
 */
export async function runTop(options: RunTopOptions): Promise<number> {
  const first = await readSample(options.client, true);
  const { render, createElement, Screen } = await loadScreen(options.color);
  const ended = Promise.withResolvers<number>();
  const session = new TopSession({
    client: options.client,
    admin: options.admin,
    intervalMs: options.intervalMs,
    ascii: options.ascii,
    onQuit: () => ended.resolve(EXIT.ok),
    onSuspend: () => suspend.current(),
  });
  // Only Ink's own hook can hand the terminal back; the screen sets it.
  const suspend = { current: (): void => undefined };
  session.start(first);
  const app = render(createElement(Screen, { session, suspend }), {
    alternateScreen: true,
    incrementalRendering: true,
    exitOnCtrlC: false,
    patchConsole: false,
    // Ink stays blank where CI is set; that stdout is a terminal is known here.
    interactive: true,
    maxFps: 10,
  });
  const release = onSignals((code) => ended.resolve(code));
  app.waitUntilExit().then(
    () => ended.resolve(EXIT.ok),
    (error: unknown) => ended.reject(error),
  );
  try {
    return await ended.promise;
  } finally {
    session.stop();
    app.unmount();
    await app.waitUntilExit().catch(() => undefined); // its failure is told by `ended` already
    release();
  }
}

/** React and Ink, loaded late because nothing else needs them; both read the environment when they are loaded. */
async function loadScreen(color: boolean) {
  process.env['NODE_ENV'] ??= 'production';
  if (!color) process.env['FORCE_COLOR'] = '0';
  // Dropped by the bundler, which knows the version.
  if (typeof OLLA_VERSION !== 'string') (await import('../tsx-hook.ts')).loadTsx();
  // React is CommonJS: in the bundle it has no named exports when imported so.
  const [{ render }, { default: react }, { Screen }] = await Promise.all([
    import('ink'),
    import('react'),
    import('./screen.tsx'),
  ]);
  return { render, createElement: react.createElement, Screen };
}

function onSignals(end: (code: number) => void): () => void {
  const handlers = Object.entries(SIGNALS).map(([signal, code]) => [signal, () => end(code)] as const);
  for (const [signal, handler] of handlers) process.on(signal, handler);
  return () => {
    for (const [signal, handler] of handlers) process.off(signal, handler);
  };
}
