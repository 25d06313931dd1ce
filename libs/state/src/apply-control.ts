import type { Control, ControlChange } from './ports/control.ts';

export const NO_CONTROL: Control = { revision: 0, drained: {}, refresh: 0 };

/** What operators decided, after one more decision. */
export function applyControl(control: Control, change: ControlChange, at: number): Control {
  const revision = control.revision + 1;
  if (change.action === 'refresh') return { ...control, revision, refresh: control.refresh + 1 };
  const drained = { ...control.drained };
  if (change.action === 'drain') drained[change.endpoint] = { by: change.by, at };
  else delete drained[change.endpoint];
  return { ...control, revision, drained };
}
