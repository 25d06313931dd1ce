/** A model in memory, or on its way there. */
export interface Resident {
  readonly model: string;
  readonly memoryGb: number;
  state: 'loading' | 'ready';
  /** Requests that hold it. */
  users: number;
  lastUsedAt: number;
  /** When it goes if nobody asks for it; Infinity for never. */
  expiresAt: number;
}

export type LoadPlan =
  | { readonly kind: 'resident'; readonly resident: Resident }
  | { readonly kind: 'load'; readonly evict: readonly Resident[] }
  | { readonly kind: 'wait' };

/**
 * What a request for a model means for memory. Only idle models are evicted, the least recently used
 * first; when those do not free enough, or another load runs, the request waits.
 * A model larger than the whole memory loads alone, as a real server would spill it to the CPU.
 */
export function planLoad(
  residents: readonly Resident[],
  wanted: { readonly model: string; readonly memoryGb: number },
  limits: { readonly capacityGb: number; readonly maxModels: number },
): LoadPlan {
  const present = residents.find((resident) => resident.model === wanted.model);
  if (present !== undefined) return { kind: 'resident', resident: present };
  if (residents.some((resident) => resident.state === 'loading')) return { kind: 'wait' };

  const need = Math.min(wanted.memoryGb, limits.capacityGb);
  let usedGb = residents.reduce((sum, resident) => sum + resident.memoryGb, 0);
  let count = residents.length;
  const evict: Resident[] = [];
  const fits = (): boolean => usedGb + need <= limits.capacityGb + 1e-9 && count < limits.maxModels;
  const idle = residents.filter((resident) => resident.users === 0);
  for (const victim of idle.sort((a, b) => a.lastUsedAt - b.lastUsedAt)) {
    if (fits()) break;
    evict.push(victim);
    usedGb -= victim.memoryGb;
    count--;
  }
  return fits() || residents.length === evict.length ? { kind: 'load', evict } : { kind: 'wait' };
}
