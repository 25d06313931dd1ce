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

/** Why a request goes nowhere and what to do about it, for clients. */
export function refusalMessage(code: RefusalCode, scope: RouteScope, model: string, target: Target): string {
  const name = quoted(model);
  if (code === 'MODEL_NOT_FOUND') {
    return `no endpoint has the model ${name}. GET /olla/models lists the models that are known`;
  }
  const endpoints = target.candidates.map((candidate) => candidate.endpoint);
  if (code === 'INVALID_MODEL') {
    const filtered = endpoints.filter((one) => one.hasModelFilter).map((endpoint) => endpoint.name);
    return `the model that the request is for cannot be told from its body, and ${listed(filtered)} offers only models that its model_filter names. Send a JSON object with one \`model\``;
  }
  if (code === 'MODEL_UNAVAILABLE') {
    if (endpoints.length === 0) {
      const others = target.everywhere.map((endpoint) => `${endpoint.name} (${endpoint.type})`);
      return `the model ${name} is not on any endpoint that ${scope.label} leads to, but on ${listed(others)}. Ask for it at /olla/proxy, or under the prefix of that type`;
    }
    const fallbacks = target.steps.filter(({ kind }) => kind === 'fallback');
    const others = new Set(fallbacks.map((step) => step.name));
    const orFallback = others.size === 0 ? '' : ` or its fallback ${[...others].map(quoted).join(', ')}`;
    return `no endpoint that has the model ${name}${orFallback} is in service: ${statuses(endpoints)}. GET /internal/status tells more`;
  }
  if (endpoints.length === 0) {
    return `no endpoint that ${scope.label} leads to is configured. Add one to discovery.static.endpoints, or use another prefix`;
  }
  if (endpoints.some(({ status }) => status.serves)) {
    return `no endpoint that ${scope.label} leads to has listed its models yet: ${statuses(endpoints)}. GET /internal/status tells more`;
  }
  return `no endpoint that ${scope.label} leads to is in service: ${statuses(endpoints)}. GET /internal/status tells more`;
}

function statuses(endpoints: readonly EndpointView[]): string {
  return listed(endpoints.map(showStatus));
}

function showStatus({ name, status: { status, reason } }: EndpointView): string {
  // The reason of a drain names the operator, who is no concern of clients.
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
