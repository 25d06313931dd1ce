import type { NameStep } from '../catalog/model-names.ts';
import type { Candidate } from './fleet-view.ts';
import type { RefusalCode } from './refusal-message.ts';

/** Values of the X-Olla-Routing-* headers. The words are those of the original Olla where it has them. */
export interface RoutingFacts {
  readonly strategy: string;
  readonly decision: 'routed' | 'fallback' | 'rejected';
  readonly reason: string;
}

/** What to do about a model that no serving endpoint has. */
export interface RoutingStrategy {
  readonly strategy: 'strict' | 'optimistic' | 'discovery';
  readonly fallback: 'compatible_only' | 'all' | 'none';
  readonly refreshOnMiss: boolean;
}

/** How the refresh of the fleet for a request ended: with new lists of models, or without. */
export type Refresh = 'done' | 'failed';

/** For each step of a name, the facts to report when it serves. */
export function factsBySteps(
  asked: string,
  steps: readonly NameStep[],
  candidates: readonly Candidate[],
  found: RoutingFacts,
): readonly RoutingFacts[] {
  const [only] = steps;
  if (steps.length === 1 && only?.kind === 'model') return [found];
  return steps.map(({ kind, name }, rank) => {
    if (kind === 'model') return found;
    if (kind === 'fallback')
      return { strategy: 'fallback', decision: 'fallback', reason: `fallback "${name}" for "${asked}"` };
    const count = candidates.filter((candidate) => candidate.rank === rank).length;
    return {
      strategy: 'alias',
      decision: 'routed',
      reason: `alias "${name}" resolved to ${String(count)} endpoint(s)`,
    };
  });
}

const FOUND: Readonly<Record<RoutingStrategy['strategy'], RoutingFacts>> = {
  strict: { strategy: 'strict', decision: 'routed', reason: 'model_found' },
  optimistic: { strategy: 'optimistic', decision: 'routed', reason: 'model_found' },
  discovery: { strategy: 'discovery', decision: 'routed', reason: 'model_found_no_refresh' },
};
const FOUND_AFTER_REFRESH: RoutingFacts = { ...FOUND.discovery, reason: 'model_found_after_refresh' };

/** For a model that a serving endpoint has. */
export function foundFacts(strategy: RoutingStrategy['strategy'], refresh: Refresh | null): RoutingFacts {
  return strategy === 'discovery' && refresh !== null ? FOUND_AFTER_REFRESH : FOUND[strategy];
}

/** For a request that goes to any endpoint of its route because none has its model. */
export function anyEndpointFacts(
  { strategy }: RoutingStrategy,
  isKnown: boolean,
  refresh: Refresh | null,
): RoutingFacts {
  const reason = ((): string => {
    if (strategy !== 'discovery') return isKnown ? 'all_healthy_fallback' : 'model_not_found_fallback';
    return refresh === 'failed' ? 'discovery_failed_all_fallback' : 'all_healthy_after_discovery';
  })();
  return { strategy, decision: 'fallback', reason };
}

export function refusedFacts(
  code: RefusalCode,
  policy: RoutingStrategy,
  refresh: Refresh | null,
): RoutingFacts {
  return { strategy: policy.strategy, decision: 'rejected', reason: refusalReason(code, policy, refresh) };
}

function refusalReason(
  code: RefusalCode,
  { strategy, fallback }: RoutingStrategy,
  refresh: Refresh | null,
): string {
  if (code === 'MODEL_NOT_FOUND') return 'model_not_found';
  if (code === 'NO_ENDPOINT') return 'no_healthy_endpoints';
  if (code === 'INVALID_MODEL') return 'model_unreadable';
  const withheld = fallback === 'none' ? 'no_fallback' : 'compatible_only';
  switch (strategy) {
    case 'strict':
      return 'model_unavailable';
    case 'optimistic':
      return fallback === 'all' ? 'model_unavailable' : `model_unavailable_${withheld}`;
    case 'discovery':
      if (refresh === null) return 'model_unavailable_no_refresh';
      if (refresh === 'done' || fallback === 'all') return 'model_unavailable_after_discovery';
      return `discovery_failed_${withheld}`;
  }
}
