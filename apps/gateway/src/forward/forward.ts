import { OllaError } from '@olla/core/errors';
import { isRefusal } from '@olla/core/route-plan/backoff';
import type { Candidate } from '@olla/core/route-plan/fleet-view';
import type { Ejections } from '../fleet/ejections.ts';
import type { Endpoints } from '../fleet/endpoints.ts';
import type { InFlight } from '../fleet/in-flight.ts';
import type { InvalidResponses } from '../fleet/invalid-responses.ts';
import type { ModelChanges } from '../fleet/model-changes.ts';
import type { Call } from '../request/call.ts';
import type { Outcome } from '../request/outcome.ts';
import { routingHeaders } from '../request/plan.ts';
import { failWith } from '../request/respond.ts';
import type { AttemptResult } from './attempt-result.ts';
import { attempt, type AttemptEnd, type ForwardInput } from './attempt.ts';
import { EndMarks } from './end-marks.ts';
import { failureError } from './failure-error.ts';
import { candidatesLeft, nextStep, type AttemptsSoFar, type NextStep, type RetryRule } from './next-step.ts';
import type { TrailerRule } from './trailer-rule.ts';

export type Forward = (call: Call, input: ForwardInput) => Promise<Outcome>;

export interface ForwardOptions {
  readonly endpoints: Endpoints;
  readonly inFlight: InFlight;
  readonly ejections: Ejections;
  readonly invalidResponses: InvalidResponses;
  readonly changes: Pick<ModelChanges, 'publish'>;
  readonly retry: RetryRule;
  readonly maxBodyBytes: number;
  /** 0 for no limit. */
  readonly maxResponseMs: number;
  readonly sendsTrailer: TrailerRule;
}

/** Sends a request to its candidates in order until one begins to respond, and relays that response. */
export function createForward(options: ForwardOptions): Forward {
  const { endpoints, inFlight, ejections, invalidResponses, changes, retry, maxResponseMs, sendsTrailer } =
    options;
  const endMarks = new EndMarks();

  return async (call, input) => {
    const { candidates } = input.plan;
    const maxBodyBytes = input.route.blob ? Infinity : options.maxBodyBytes;
    let index = 0;
    let waited = 0;
    let freshConnection = false;
    for (;;) {
      const candidate = candidates[index];
      if (candidate === undefined) throw new RangeError('a plan that refuses nothing has no candidates');
      const view = candidate.endpoint;
      const left = (isUnreachable: boolean): Omit<AttemptsSoFar, 'isBodyReplayable'> => ({
        tried: index,
        waited,
        candidatesLeft: candidatesLeft(candidates, index, isUnreachable),
      });
      const relays = (status: number, isBodyReplayable: boolean): boolean =>
        nextStep({ kind: 'head', status }, { ...left(false), isBodyReplayable }, retry) === 'relay';
      if (candidate.rank !== candidates[index - 1]?.rank && index > 0)
        call.headers.routing = routingHeaders(input.plan, candidate.rank);
      const startedAt = Date.now();
      inFlight.acquire(view);
      ejections.attemptStarts(view);
      let end: AttemptEnd;
      try {
        const endpoint = endpoints.get(view.name);
        end = await attempt({
          call,
          input,
          candidate,
          endpoint,
          freshConnection,
          maxBodyBytes,
          maxResponseMs,
          sendsTrailer,
          endMarks,
          changes,
          relays,
        });
      } finally {
        inFlight.release(view);
      }
      const { result } = end;
      if ('failure' in result && result.failure.kind === 'protocol')
        invalidResponses.note(view.name, call.id, result.failure);
      const next = stepAfter(end, left);
      if (next !== 'try_fresh') report(candidate, result, startedAt);
      if (next === 'relay' || next === 'give_up') return conclude(call, input, { end, candidate, index });
      freshConnection = next === 'try_fresh';
      if (freshConnection) continue;
      if (hasWaited(result, startedAt)) waited += 1;
      index += 1;
    }
  };

  function stepAfter(
    { result, isBodyReplayable }: AttemptEnd,
    left: (isUnreachable: boolean) => Omit<AttemptsSoFar, 'isBodyReplayable'>,
  ): NextStep {
    if (result.kind === 'failed')
      return nextStep(result, { ...left(result.failure.kind === 'connect'), isBodyReplayable }, retry);
    // The retry rule decided this already, when the head arrived.
    return result.kind === 'discarded' ? 'try_next' : 'relay';
  }

  /** The information of an attempt about its endpoint. */
  function report({ endpoint }: Candidate, result: AttemptResult, startedAt: number): void {
    switch (result.kind) {
      case 'relayed':
      case 'discarded':
        ejections.responded(endpoint, { ...result, startedAt });
        break;
      case 'broken':
      case 'failed': {
        const { kind, code } = result.failure;
        if (kind === 'connect') ejections.connectionFailed(endpoint, code, startedAt);
        // A fault of the request has no information about the endpoint.
        else if (kind !== 'request') {
          const isTimeout = result.kind === 'failed' && (kind === 'head_timeout' || kind === 'total_timeout');
          ejections.responded(endpoint, { status: isTimeout ? 504 : 502, startedAt, retryAfterMs: null });
        }
        break;
      }
      // An endpoint that has never sent an end mark may be one that never does.
      case 'unfinished':
      case 'aborted':
        break;
    }
  }
}

/** A refused connection and a server that refuses for now are recorded at once, for any number of endpoints. */
function hasWaited(result: AttemptResult, startedAt: number): boolean {
  if (result.kind === 'failed') return result.failure.kind !== 'connect';
  return result.kind !== 'discarded' || !isRefusal(result.status, Date.now() - startedAt);
}

interface FinalAttempt {
  readonly end: AttemptEnd;
  readonly candidate: Candidate;
  readonly index: number;
}

function conclude(call: Call, { route }: ForwardInput, { end, candidate, index }: FinalAttempt): Outcome {
  const { result } = end;
  const attempt = { ...end, candidate, retries: index };
  if (result.kind === 'failed') {
    const failed = { endpoint: candidate.endpoint.name, failure: result.failure };
    return failWith(
      call,
      failureError({ ...failed, tried: index + 1, routeLabel: route.targets.label }),
      attempt,
    );
  }
  // If the parser refuses the rest of a body, the attempt ends, and the client gets the parser's error.
  if (result.kind === 'aborted' && call.abortReason instanceof OllaError)
    return failWith(call, call.abortReason, attempt);
  const { bytesOut, firstByteAt } = end;
  return { kind: outcomeOf(result), error: null, bytesOut, firstByteAt, attempt };
}

function outcomeOf({ kind }: AttemptResult): Outcome['kind'] {
  if (kind === 'unfinished') return 'broken';
  return kind === 'broken' || kind === 'aborted' ? kind : 'relayed';
}
