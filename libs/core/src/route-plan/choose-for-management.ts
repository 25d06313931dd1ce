import { OllaError } from '../errors.ts';
import type { EndpointView } from './endpoint-view.ts';
import type { Candidate, FleetView, RouteScope, Target } from './fleet-view.ts';
import { quoted, refusalMessage, type RefusalCode } from './refusal-message.ts';

/** A call that changes the models of one endpoint. */
export interface ManagementCall {
  readonly scope: RouteScope;
  /** Endpoint that the client named; null for any. */
  readonly target: string | null;
  /** The model that it changes or makes, as the client wrote it; null if it names none. */
  readonly model: string | null;
  /** The model from which it makes another; null for none. */
  readonly base: string | null;
  /** No endpoint has to have the model: it may be made anywhere. */
  readonly makes: boolean;
  /**
   * Names of the endpoints with all files of the model to make; null if no files are named, or no endpoint has them.
   */
  readonly filesAt: ReadonlySet<string> | null;
  /** Whether an endpoint takes such calls. One that does not is chosen only if no other can be. */
  readonly takes: (candidate: Candidate) => boolean;
  /** Bytes of the models of an endpoint, as far as it reports them. */
  readonly usedBytes: (endpoint: EndpointView) => number;
}

/**
 * The one endpoint that a call goes to: the named one, or else one that has what the call needs: the files, the base,
 * the model itself, in this order. If no endpoint has any of it, the endpoint of the highest priority gets the model;
 * of several, the one with the fewest bytes of models. The call goes to one endpoint only, because a call that may have
 * been carried out must not be repeated elsewhere.
 *
 * A model is found only by its own name at each server: the same model under another name, or an alias, must not be
 * deleted or replaced instead.
 *
 * @throws OllaError BAD_REQUEST, ENDPOINT_NOT_FOUND, MODEL_NOT_FOUND, MODEL_UNAVAILABLE, NO_ENDPOINT
 */
export function chooseForManagement(view: FleetView, call: ManagementCall): Candidate {
  const { scope, target, model, base, makes, filesAt } = call;
  const members = view.members(scope);
  const owners = model === null ? [] : view.namesakes(scope, model);
  const owned = (candidate: Candidate): Candidate =>
    owners.find(({ endpoint }) => endpoint === candidate.endpoint) ?? candidate;
  if (target !== null) return owned(chooseNamed(members, target, call));
  const sources = base === null ? [] : view.namesakes(scope, base);
  const has = (among: readonly Candidate[], { endpoint }: Candidate): number =>
    Number(among.some((one) => one.endpoint === endpoint));
  const byFit = (a: Candidate, b: Candidate): number =>
    has(sources, b) - has(sources, a) || has(owners, b) - has(owners, a);
  const choose = (among: readonly Candidate[]): Candidate | null => best(among, byFit, call);

  if (filesAt !== null) {
    const holders = members.candidates.filter(({ endpoint }) => filesAt.has(endpoint.name));
    const holder = choose(holders);
    if (holder === null) throw filesUnavailable(model, holders);
    return owned(holder);
  }
  if (sources.length > 0) {
    const source = choose(sources);
    if (source === null) throw refused('MODEL_UNAVAILABLE', { ...members, candidates: sources }, scope, base);
    return owned(members.candidates.find(({ endpoint }) => endpoint === source.endpoint) ?? source);
  }
  const owner = choose(owners);
  if (owner !== null) return owner;
  if (makes) {
    const maker = choose(members.candidates);
    if (maker === null) throw refused('NO_ENDPOINT', members, scope, model);
    return maker;
  }
  if (model === null)
    throw new OllaError(
      'BAD_REQUEST',
      'the call names no model, so that its endpoint is unknown. Send `model`, for a copy `source`, or the endpoint in X-Olla-Target',
    );
  if (owners.length > 0) throw refused('MODEL_UNAVAILABLE', { ...members, candidates: owners }, scope, model);
  throw new OllaError(
    'MODEL_NOT_FOUND',
    `not found: no endpoint that ${scope.label} leads to has a model of its own that is called ${quoted(model)}. GET /olla/models lists the models and the names that each endpoint has for them`,
  );
}

function chooseNamed(members: Target, name: string, call: ManagementCall): Candidate {
  const member = members.candidates.find(({ endpoint }) => endpoint.name === name);
  if (member === undefined) {
    const others = members.candidates.map(({ endpoint }) => endpoint.name);
    throw new OllaError(
      'ENDPOINT_NOT_FOUND',
      `${call.scope.label} leads to no endpoint of the name in X-Olla-Target, but to ${others.slice(0, 10).join(', ') || 'none'}`,
    );
  }
  const candidate = best([member], () => 0, call);
  if (candidate === null)
    throw refused('NO_ENDPOINT', { ...members, candidates: [member] }, call.scope, call.model);
  return candidate;
}

function best(
  among: readonly Candidate[],
  byFit: (a: Candidate, b: Candidate) => number,
  { takes, usedBytes }: ManagementCall,
): Candidate | null {
  const usable = among.filter(({ endpoint: { status } }) => status.serves || status.status === 'ejected');
  usable.sort(
    (a, b) =>
      Number(takes(b)) - Number(takes(a)) ||
      Number(b.endpoint.status.serves) - Number(a.endpoint.status.serves) ||
      byFit(a, b) ||
      b.endpoint.priority - a.endpoint.priority ||
      usedBytes(a.endpoint) - usedBytes(b.endpoint) ||
      a.endpoint.order - b.endpoint.order,
  );
  return usable[0] ?? null;
}

function filesUnavailable(model: string | null, holders: readonly Candidate[]): OllaError {
  const where = holders
    .map(({ endpoint }) => `${endpoint.name}, which is ${endpoint.status.status}`)
    .join('; ');
  return new OllaError(
    'MODEL_UNAVAILABLE',
    `the files of the model ${quoted(model ?? '')} are at ${where}. Create it when that endpoint is in service again, or send the files again: they go to an endpoint that is`,
  );
}

function refused(code: RefusalCode, target: Target, scope: RouteScope, model: string | null): OllaError {
  return new OllaError(code, refusalMessage(code, scope, model ?? '', target));
}
