import { escapeControls } from '../control-characters.ts';
import type { ErrorCode } from '../errors.ts';
import type { EndpointView } from './endpoint-view.ts';
import type { RouteScope, Target } from './fleet-view.ts';

export type RefusalCode = Extract<
  ErrorCode,
  'MODEL_NOT_FOUND' | 'MODEL_UNAVAILABLE' | 'NO_ENDPOINT' | 'INVALID_MODEL'
>;

const MAX_NAMED = 5;
const MAX_MODEL_LENGTH = 120;

/** Why no endpoint gets a request and what to do about it, for clients. */
export function refusalMessage(code: RefusalCode, scope: RouteScope, model: string, target: Target): string {
  return MESSAGES[code](scope, quoted(model), target);
}

/** @param model quoted */
type Message = (scope: RouteScope, model: string, target: Target) => string;

const MESSAGES: Readonly<Record<RefusalCode, Message>> = {
  MODEL_NOT_FOUND: (_scope, model) =>
    `not found: no endpoint has the model ${model}. GET /olla/models lists the models that are known`,
  INVALID_MODEL(_scope, _model, target) {
    const filtered = endpointsOf(target).filter((endpoint) => endpoint.hasModelFilter);
    const names = listed(filtered.map(({ name }) => name));
    return `the model that the request is for cannot be read from its body, and ${names} offers only models that its model_filter names. Send a JSON object with one \`model\``;
  },
  MODEL_UNAVAILABLE(scope, model, target) {
    const endpoints = endpointsOf(target);
    if (endpoints.length === 0) {
      const others = target.everywhere.map((endpoint) => `${endpoint.name} (${endpoint.type})`);
      return `the model ${model} is not on any endpoint that ${scope.label} leads to, but on ${listed(others)}. Ask for it at /olla/proxy, or under the prefix of that type`;
    }
    const fallbacks = target.steps.filter(({ kind }) => kind === 'fallback');
    const others = new Set(fallbacks.map((step) => step.name));
    const orFallback = others.size === 0 ? '' : ` or its fallback ${[...others].map(quoted).join(', ')}`;
    return `no endpoint that has the model ${model}${orFallback} is in service: ${statuses(endpoints)}. GET /internal/status shows more`;
  },
  NO_ENDPOINT(scope, _model, target) {
    const endpoints = endpointsOf(target);
    if (endpoints.length === 0) {
      return `no endpoint that ${scope.label} leads to is configured. Add one to discovery.static.endpoints, or use another prefix`;
    }
    const lacking = endpoints.some(({ status }) => status.serves)
      ? 'has listed its models yet'
      : 'is in service';
    return `no endpoint that ${scope.label} leads to ${lacking}: ${statuses(endpoints)}. GET /internal/status shows more`;
  },
};

function endpointsOf(target: Target): EndpointView[] {
  return target.candidates.map((candidate) => candidate.endpoint);
}

function statuses(endpoints: readonly EndpointView[]): string {
  return listed(endpoints.map(showStatus));
}

function showStatus({ name, status: { status, reason } }: EndpointView): string {
  // The reason of a drain names the operator, so clients do not see it.
  return reason === '' || status === 'draining' ? `${name} is ${status}` : `${name} is ${status} (${reason})`;
}

function listed(parts: readonly string[]): string {
  const named = parts.slice(0, MAX_NAMED).join(', ');
  return parts.length > MAX_NAMED ? `${named} and ${String(parts.length - MAX_NAMED)} more` : named;
}

/** A client's text, bounded and without control characters. */
export function quoted(text: string): string {
  const short = text.length > MAX_MODEL_LENGTH ? `${text.slice(0, MAX_MODEL_LENGTH)}…` : text;
  return escapeControls(JSON.stringify(short));
}
