/** The generator process. It runs one load at a time for the controller and exits when the controller does. */
import { ClosedLoop } from './closed-loop.ts';
import type { Load } from './load.ts';
import type { GeneratorMessage, GeneratorCommand, LoadSpec } from './load-spec.ts';
import { OpenLoop } from './open-loop.ts';
import { Recorder } from './recorder.ts';

const OPEN_DEADLINE_MS = 30_000;
/** An empty window is extended until it holds a response, so that a slow machine has figures too. */
const MAX_EXTENSION_MS = 5_000;
const EXTENSION_STEP_MS = 20;

let running: { load: Load; timers: NodeJS.Timeout[] } | undefined;

function send(message: GeneratorMessage): void {
  if (process.connected) process.send?.(message);
}

function run(spec: LoadSpec): void {
  const recorder = new Recorder();
  const load =
    spec.pace.kind === 'open'
      ? new OpenLoop(spec, spec.pace.ratePerS, recorder)
      : new ClosedLoop(spec, recorder);
  const timers: NodeJS.Timeout[] = [];
  const current = { load, timers };
  running = current;
  const closeWindow = (): void => {
    const isOverdue = recorder.elapsedMs >= spec.windowMs + MAX_EXTENSION_MS;
    if (!recorder.isEmpty || isOverdue || spec.windowAfterAllOpen)
      send({ kind: 'window-end', report: recorder.report() });
    else timers.push(setTimeout(closeWindow, EXTENSION_STEP_MS));
  };
  const openWindow = (): void => {
    if (running !== current || recorder.measuring) return;
    recorder.start();
    send({ kind: 'window-start' });
    timers.push(setTimeout(closeWindow, spec.windowMs));
  };
  load.start();
  timers.push(setTimeout(openWindow, spec.windowAfterAllOpen ? OPEN_DEADLINE_MS : spec.warmUpMs));
  if (spec.windowAfterAllOpen) void load.allOpen.then(() => setTimeout(openWindow, spec.warmUpMs));
}

function stop(): void {
  for (const timer of running?.timers ?? []) clearTimeout(timer);
  running?.load.stop();
  running = undefined;
  send({ kind: 'stopped' });
}

process.on('disconnect', () => process.exit(0));
process.on('message', (command: GeneratorCommand) => {
  if (command.kind === 'run') run(command.spec);
  else stop();
});
send({ kind: 'ready' });
