import type { Random } from '../physics/random.ts';

/**
 * What can go wrong with a simulated server:
 * - `refuse`: the port is closed, idle connections too; requests under way go on (`how: 'reset'` ends them)
 * - `reset`: the connection is reset when the request's head is in
 * - `hang-before-head`: the request is read, nothing is answered
 * - `hang-after-head`: the answer's head is sent, then nothing
 * - `status`: answered at once with `status` (500), `retryAfterS`, `body`, the request not worked on
 * - `slow`: the head comes `delayMs` later, the body at `bytesPerS`
 * - `die-mid-stream`: after `afterChunks` chunks (1) the connection is reset, or ended (`how: 'close'`)
 * - `garbage`: bytes that are no HTTP come instead of a head, then the connection ends
 * - `close-idle`: a connection is closed `delayMs` (0) after an answer, whatever its head said
 */
export const FAULT_KINDS = [
  'refuse',
  'reset',
  'hang-before-head',
  'hang-after-head',
  'status',
  'slow',
  'die-mid-stream',
  'garbage',
  'close-idle',
] as const;

export type FaultKind = (typeof FAULT_KINDS)[number];

export interface FaultSpec {
  readonly kind: FaultKind;
  /** Requests it strikes before it is over; without it, until cleared. */
  readonly count?: number | undefined;
  /** Share of the matching requests it strikes, 0 to 1. */
  readonly probability?: number | undefined;
  /** Strikes only paths that start so. */
  readonly path?: string | undefined;
  readonly method?: string | undefined;
  readonly status?: number | undefined;
  readonly retryAfterS?: number | undefined;
  readonly body?: string | undefined;
  /** Real milliseconds: faults do not follow the time scale. */
  readonly delayMs?: number | undefined;
  readonly bytesPerS?: number | undefined;
  readonly afterChunks?: number | undefined;
  readonly how?: 'reset' | 'close' | undefined;
}

export interface ActiveFault extends FaultSpec {
  readonly id: number;
  /** Requests struck so far. */
  readonly struck: number;
}

export interface FaultBook {
  add(spec: FaultSpec): ActiveFault;
  /** Ends one fault, or all of them. */
  clear(id?: number): void;
  list(): readonly ActiveFault[];
  /** The fault that strikes this request, counted as struck. */
  strike(method: string, path: string): FaultSpec | undefined;
}

/** Of several faults that match a request, the oldest whose dice fall strikes. */
export function createFaultBook(random: Random, onChange: () => void): FaultBook {
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
    strike(method, path) {
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
