/**
 * Preload of a gateway worker (`NODE_OPTIONS=--import …`): counts what its process does, to be read by
 * `data-path-counts.ts`. On SIGUSR2 the counts so far go to the folder OLLA_TEST_PROBE, as PID-N.json for the
 * N-th signal.
 */
import { createHook } from 'node:async_hooks';
import cluster from 'node:cluster';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { syncBuiltinESMExports } from 'node:module';
import timers from 'node:timers';
import type { DataPathCounts } from './data-path-counts.ts';

const folder = process.env['OLLA_TEST_PROBE'];
if (cluster.isWorker && folder !== undefined) install(folder);

function install(to: string): void {
  const counts = { resources: {}, timers: {}, messages: {} } satisfies Record<keyof DataPathCounts, object>;
  createHook({ init: (_id, type) => count(counts.resources, type) }).enable();
  countTimers((name) => count(counts.timers, name));
  countMessages((name) => count(counts.messages, name));
  let written = 0;
  process.on('SIGUSR2', () => {
    written += 1;
    // The text is made before the file is written, so that the writing is not counted. The file is renamed when it is
    // complete, so that no reader gets a part.
    const text = JSON.stringify(counts);
    const file = join(to, `${process.pid}-${written}.json`);
    writeFileSync(`${file}.part`, text);
    renameSync(`${file}.part`, file);
  });
}

function count(into: Record<string, number>, name: string): void {
  into[name] = (into[name] ?? 0) + 1;
}

/** Counts timers by the package that starts them. Those inside Node are in `resources` only. */
function countTimers(seen: (name: string) => void): void {
  for (const name of ['setTimeout', 'setInterval', 'setImmediate'] as const) {
    const original = globalThis[name] as (...args: unknown[]) => unknown;
    const counted = (...args: unknown[]): unknown => {
      seen(`${callerOf(new Error())} ${name}`);
      return original(...args);
    };
    // Properties such as setTimeout[util.promisify.custom] must be kept.
    Object.defineProperties(counted, Object.getOwnPropertyDescriptors(original));
    Object.assign(globalThis, { [name]: counted });
    Object.assign(timers, { [name]: counted });
  }
  syncBuiltinESMExports();
}

/** The package whose code called; `own` for the project's. */
function callerOf(error: Error): string {
  const frames = (error.stack ?? '').split('\n').slice(1);
  const caller = frames.find((frame) => !frame.includes(import.meta.filename) && !frame.includes('(node:'));
  return /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(caller ?? '')?.[1] ?? 'own';
}

/** Counts messages of the shared state by kind and operation, and all others as `other`. */
function countMessages(seen: (name: string) => void): void {
  const send = process.send?.bind(process) as ((...args: unknown[]) => boolean) | undefined;
  if (send === undefined) return;
  process.send = (...args: unknown[]): boolean => {
    const { t, op } = (args[0] ?? {}) as { t?: string; op?: string };
    seen(t === undefined ? 'other' : `${t}${op === undefined ? '' : ` ${op}`}`);
    return send(...args);
  };
}
