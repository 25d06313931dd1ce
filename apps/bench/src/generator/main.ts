/** The generator process: runs one load at a time as the controller orders, and ends with it. */
import { ClosedLoop } from './closed-loop.ts';
import type { Load } from './load.ts';
import type { GeneratorMessage, GeneratorOrder, LoadSpec } from './load-spec.ts';
import { OpenLoop } from './open-loop.ts';
import { Recorder } from './recorder.ts';

const OPEN_DEADLINE_MS = 30_000;
/** A window in which nothing came is prolonged until something does, so that a slow machine has figures too. */
const PROLONGED_AT_MOST_MS = 5_000;
const PROLONGED_BY_MS = 20;

let running: { load: Load; timers: NodeJS.Timeout[] } | undefined;

function tell(message: GeneratorMessage): void {
  if (process.connected) process.send?.(message);
}

function run(spec: LoadSpec): void {
  const recorder = new Recorder();
  const load =
    spec.pace.kind === 'open'
      ? new OpenLoop(spec, spec.pace.ratePerS, recorder)
      : new ClosedLoop(spec, recorder);
  const current = { load, timers: [] as NodeJS.Timeout[] };
  running = current;
  const closeWindow = (): void => {
    const isLate = recorder.elapsedMs >= spec.windowMs + PROLONGED_AT_MOST_MS;
    if (!recorder.isEmpty || isLate || spec.windowAfterAllOpen)
      tell({ kind: 'window-end', report: recorder.report() });
    else current.timers.push(setTimeout(closeWindow, PROLONGED_BY_MS));
  };
  const openWindow = (): void => {
    if (running !== current || recorder.measuring) return;
    recorder.begin();
    tell({ kind: 'window-start' });
    current.timers.push(setTimeout(closeWindow, spec.windowMs));
  };
  load.start();
  current.timers.push(setTimeout(openWindow, spec.windowAfterAllOpen ? OPEN_DEADLINE_MS : spec.warmUpMs));
  if (spec.windowAfterAllOpen) void load.allOpen.then(() => setTimeout(openWindow, spec.warmUpMs));
}

function stop(): void {
  for (const timer of running?.timers ?? []) clearTimeout(timer);
  running?.load.stop();
  running = undefined;
  tell({ kind: 'stopped' });
}

process.on('disconnect', () => process.exit(0));
process.on('message', (order: GeneratorOrder) => {
  if (order.kind === 'run') run(order.spec);
  else stop();
});
tell({ kind: 'ready' });
