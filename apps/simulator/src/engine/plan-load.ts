/** A model in memory, or one that is being loaded. */
export interface ResidentModel {
  readonly model: string;
  readonly memoryGb: number;
  state: 'loading' | 'ready';
  /** Requests that use it at the moment. */
  users: number;
  lastUsedAt: number;
  /** When an idle model leaves memory; Infinity for never. */
  expiresAt: number;
}

export type LoadPlan =
  | { readonly kind: 'resident'; readonly resident: ResidentModel }
  | { readonly kind: 'load'; readonly evict: readonly ResidentModel[] }
  | { readonly kind: 'wait' };

/**
 * Decides how a request for a model gets it into memory. Only idle models are evicted, the least recently used
 * first. The request waits when that does not free enough memory, or while another load runs.
 * A model larger than the whole memory loads alone, as a real server would offload part of it to the CPU.
 */
export function planLoad(
  residents: readonly ResidentModel[],
  wanted: { readonly model: string; readonly memoryGb: number },
  limits: { readonly capacityGb: number; readonly maxModels: number },
): LoadPlan {
  const present = residents.find((resident) => resident.model === wanted.model);
  if (present !== undefined) return { kind: 'resident', resident: present };
  if (residents.some((resident) => resident.state === 'loading')) return { kind: 'wait' };

  const neededGb = Math.min(wanted.memoryGb, limits.capacityGb);
  let usedGb = residents.reduce((sum, resident) => sum + resident.memoryGb, 0);
  let count = residents.length;
  const evict: ResidentModel[] = [];
  const fits = (): boolean => usedGb + neededGb <= limits.capacityGb + 1e-9 && count < limits.maxModels;
  const idle = residents.filter((resident) => resident.users === 0);
  for (const victim of idle.sort((a, b) => a.lastUsedAt - b.lastUsedAt)) {
    if (fits()) break;
    evict.push(victim);
    usedGb -= victim.memoryGb;
    count--;
  }
  return fits() || residents.length === evict.length ? { kind: 'load', evict } : { kind: 'wait' };
}
