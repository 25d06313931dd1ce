import type { Control, ControlChange } from './ports/control.ts';

export const NO_CONTROL: Control = { revision: 0, drained: {}, refresh: 0 };

/** Applies one decision of an operator to the control state. */
export function applyControl(control: Control, change: ControlChange, at: number): Control {
  const revision = control.revision + 1;
  if (change.action === 'refresh') return { ...control, revision, refresh: control.refresh + 1 };
  // An endpoint may be named `__proto__`: fromEntries makes that a key like any other.
  const drained = new Map(Object.entries(control.drained));
  if (change.action === 'drain') drained.set(change.endpoint, { by: change.by, at });
  else drained.delete(change.endpoint);
  return { ...control, revision, drained: Object.fromEntries(drained) };
}
