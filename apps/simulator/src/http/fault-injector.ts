import type { Random } from '../engine/random.ts';
import type { FaultSpec } from './fault-spec.ts';

export interface ActiveFault extends FaultSpec {
  readonly id: number;
  /** Requests affected so far. */
  readonly struck: number;
}

/** The faults in force on one server. */
export interface FaultInjector {
  add(spec: FaultSpec): ActiveFault;
  /** Ends one fault, or all without an `id`. */
  clear(id?: number): void;
  list(): readonly ActiveFault[];
  /** Picks the fault for a request and counts it. `refuse` is not picked: it acts on the port. */
  pick(method: string, path: string): FaultSpec | undefined;
}

/** Among the faults that match a request, the oldest one whose probability hits is picked. */
export function createFaultInjector(random: Random, onChange: () => void): FaultInjector {
  let active: (FaultSpec & { id: number; struck: number })[] = [];
  let nextId = 1;
  return {
    add(spec) {
      const fault = { ...spec, id: nextId++, struck: 0 };
      active.push(fault);
      onChange();
      return fault;
    },
    clear(id) {
      active = id === undefined ? [] : active.filter((fault) => fault.id !== id);
      onChange();
    },
    list: () => active,
    pick(method, path) {
      for (const fault of active) {
        if (fault.kind === 'refuse') continue;
        if (fault.path !== undefined && !path.startsWith(fault.path)) continue;
        if (fault.method !== undefined && fault.method.toUpperCase() !== method) continue;
        if (fault.probability !== undefined && random() >= fault.probability) continue;
        fault.struck++;
        if (fault.count !== undefined && fault.struck >= fault.count) {
          active = active.filter((other) => other !== fault);
        }
        return fault;
      }
      return undefined;
    },
  };
}
