import { OllaError } from '../errors.ts';
import type { EndpointView } from './endpoint-view.ts';
import type { Candidate, FleetView, RouteScope, Target } from './fleet-view.ts';
import { refusalMessage, type RefusalCode } from './refusal-message.ts';

/** A call that changes the models of one endpoint. */
export interface ManagementCall {
  readonly scope: RouteScope;
  /** Endpoint that the client named; null for any. */
  readonly target: string | null;
  /** Names of the models it is about, the first that is known decides; as the client wrote them. */
  readonly models: readonly string[];
  /** A model that nobody has yet may be made anywhere. */
  readonly makes: boolean;
  /** Bytes of the models that an endpoint has, as far as it tells. */
  readonly usedBytes: (endpoint: EndpointView) => number;
}

/**
 * The one endpoint that a call goes to: the one named, else one that has the model, else for new models the one of the
 * highest priority, of several the one with the fewest bytes of models. One only, because a call that may have been
 * carried out must not be repeated elsewhere.
 *
 * @throws OllaError BAD_REQUEST, ENDPOINT_NOT_FOUND, MODEL_NOT_FOUND, MODEL_UNAVAILABLE, NO_ENDPOINT
 */
export function chooseForManagement(view: FleetView, call: ManagementCall): Candidate {
  const members = view.members(call.scope);
  const targets = call.models
    .map((model) => view.target(call.scope, model))
    .filter((found) => found !== null);
  if (call.target !== null) return chooseNamed(view, call.target, members, call);
  const known = targets.find(({ candidates }) => candidates.length > 0);
  if (known !== undefined) {
    const chosen = chooseFrom(known, 'MODEL_UNAVAILABLE', call);
    // The body's name is another model's: it stays as it is.
    const isFirst = known === view.target(call.scope, call.models[0] ?? '');
    return isFirst ? chosen : { ...chosen, model: null, modelId: null, rewrite: false };
  }
  if (call.makes) return chooseFrom(members, 'NO_ENDPOINT', call);
  if (call.models.length === 0)
    throw new OllaError(
      'BAD_REQUEST',
      'the call names no model, so that nothing tells which endpoint it is for. Send `model`, for a copy `source`, or the endpoint in X-Olla-Target',
    );
  throw refused(targets.length > 0 ? 'MODEL_UNAVAILABLE' : 'MODEL_NOT_FOUND', targets[0] ?? members, call);
}

function chooseNamed(view: FleetView, name: string, members: Target, call: ManagementCall): Candidate {
  const byName = ({ endpoint }: Candidate): boolean => endpoint.name === name;
  const member = members.candidates.find(byName);
  if (member === undefined) {
    const others = members.candidates.map(({ endpoint }) => endpoint.name);
    throw new OllaError(
      'ENDPOINT_NOT_FOUND',
      `${call.scope.label} leads to no endpoint of the name in X-Olla-Target, but to ${others.slice(0, 10).join(', ') || 'none'}`,
    );
  }
  const first = view.target(call.scope, call.models[0] ?? '');
  const candidate = first?.candidates.find(byName) ?? member;
  return chooseFrom({ ...members, candidates: [candidate] }, 'NO_ENDPOINT', call);
}

function chooseFrom(target: Target, code: RefusalCode, call: ManagementCall): Candidate {
  const usable = target.candidates.filter(
    ({ endpoint: { status } }) => status.serves || status.status === 'ejected',
  );
  usable.sort(
    ({ endpoint: a }, { endpoint: b }) =>
      Number(b.status.serves) - Number(a.status.serves) ||
      b.priority - a.priority ||
      call.usedBytes(a) - call.usedBytes(b) ||
      a.order - b.order,
  );
  const best = usable[0];
  if (best === undefined) throw refused(code, target, call);
  return best;
}

function refused(code: RefusalCode, target: Target, { scope, models }: ManagementCall): OllaError {
  return new OllaError(code, refusalMessage(code, scope, models[0] ?? '', target));
}
