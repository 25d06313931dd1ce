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

/** The exit statuses that a shell expects after a signal: 128 plus its number. */
const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/**
 * Shows the cluster live until the user quits or a signal comes, then restores the terminal. Resolves with the exit
 * status.
 *
 * @throws AdminError when the gateway cannot be read at the start
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
  // Only a hook of Ink can hand the terminal back, so the screen sets this function.
  const suspend = { current: (): void => undefined };
  session.start(first);
  const app = render(createElement(Screen, { session, suspend }), {
    alternateScreen: true,
    incrementalRendering: true,
    exitOnCtrlC: false,
    patchConsole: false,
    // Ink draws nothing when CI is set, but stdout is a terminal here.
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
    await app.waitUntilExit().catch(() => undefined); // `ended` has reported the error
    release();
  }
}

/** Loads React and Ink, which only `top` needs. Both read the environment when they are loaded. */
async function loadScreen(color: boolean) {
  process.env['NODE_ENV'] ??= 'production';
  if (!color) process.env['FORCE_COLOR'] = '0';
  // The bundler defines OLLA_VERSION and removes this line.
  if (typeof OLLA_VERSION !== 'string') (await import('../tsx-hook.ts')).loadTsx();
  // React is CommonJS, and a CommonJS module has no named exports in the bundle.
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
