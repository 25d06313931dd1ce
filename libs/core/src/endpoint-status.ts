import type { Breaker } from './route-plan/breaker.ts';
import type { EndpointSnapshot, EndpointState } from './snapshot.ts';

/**
 * The word for an endpoint's condition: the state that the agent's checks found, or `draining` (an operator keeps
 * requests away) or `ejected` (its failures in traffic do).
 */
export type StatusWord = EndpointState | 'draining' | 'ejected';

export interface EndpointStatus {
  /** Whether it takes requests now. */
  readonly serves: boolean;
  readonly status: StatusWord;
  /** Why, for operators; empty if there is no reason. May name an operator, so it is not for clients. */
  readonly reason: string;
  /** Epoch milliseconds; null for an endpoint that no agent has seen. */
  readonly since: number | null;
}

/** Decisions of operators, by endpoint name. */
export interface Drains {
  readonly drained: Readonly<Record<string, { readonly by: string; readonly at: number }>>;
}

/** Result of the agent's last check. */
export type ProbedStatus = Pick<EndpointSnapshot, 'state' | 'reason' | 'since'>;

/** Result of the failures in traffic. */
export type BreakerFacts = Pick<Breaker, 'state' | 'reason' | 'ejectedAt' | 'readmittedAt' | 'readmission'>;

/** `healthy`, `busy` (slow but serving) and `warming` (coming back). */
const SERVING: ReadonlySet<EndpointState> = new Set(['healthy', 'busy', 'warming']);

/** Whether the agent's checks found an endpoint fit for requests, without regard to operators and traffic. */
export function isServingState(state: EndpointState): boolean {
  return SERVING.has(state);
}

/**
 * Whether an endpoint can serve, and why not. Planner, admin API, listings and console have no other source. A drain
 * overrides the result of the checks, and that overrides an ejection: the stronger reason is shown.
 * @param probed result of the last check; null for an endpoint that no agent has seen
 */
export function endpointStatus(
  settings: { readonly name: string },
  probed: ProbedStatus | null,
  control: Drains,
  breaker: BreakerFacts,
): EndpointStatus {
  const undrained = undrainedStatus(probed, breaker);
  const drain = Object.hasOwn(control.drained, settings.name) ? control.drained[settings.name] : undefined;
  if (drain === undefined) return undrained;
  const { serves, status, reason } = undrained;
  // An operator who resumes the endpoint needs to know whether it would serve.
  const meanwhile = serves ? '' : `; ${status}${reason === '' ? '' : `: ${reason}`}`;
  return { serves: false, status: 'draining', reason: `drained by ${drain.by}${meanwhile}`, since: drain.at };
}

function undrainedStatus(probed: ProbedStatus | null, breaker: BreakerFacts): EndpointStatus {
  if (probed === null) return { serves: false, status: 'unknown', reason: 'not checked yet', since: null };
  const { state, reason, since } = probed;
  const found = { status: state, reason, since };
  if (!isServingState(state)) return { serves: false, ...found };
  if (breaker.state !== 'closed')
    return { serves: false, status: 'ejected', reason: breaker.reason, since: breaker.ejectedAt };
  if (breaker.readmittedAt <= since) return { serves: true, ...found };
  const why = reason === '' ? `readmitted: ${breaker.readmission}` : reason;
  return { serves: true, status: state, reason: why, since: breaker.readmittedAt };
}
