/** Exits with 0 if a Docker engine runs or can be started on this machine; else prints why not and exits with 1. */
import { needEngine } from './engine.ts';

try {
  const engine = await needEngine();
  await engine.stop();
} catch (error) {
  process.stderr.write(`no Docker engine: ${(error as Error).message}\n`);
  process.exitCode = 1;
}
