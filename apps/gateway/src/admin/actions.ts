import type { EndpointActionBody, RefreshBody } from '@olla/admin-api/schema/actions';
import { endpointStatus } from '@olla/core/endpoint-status';
import { OllaError } from '@olla/core/errors';
import type { Control, ControlChange } from '@olla/state/ports/control';
import { reportEvent } from '@olla/state/report-event';
import { StateError } from '@olla/state/state-error';
import type { AdminToken } from './admin-token.ts';
import { modelsLostWithout } from './endpoint-rows.ts';
import type { AdminRequest } from './respond.ts';
import { readMoment, type AdminDeps } from './sources.ts';
import { stateUnavailable } from './state-unavailable.ts';

/** @throws OllaError UNAUTHORIZED unless the request carries the admin token */
export function requireToken(request: AdminRequest, token: AdminToken | null): void {
  if (token === null) {
    throw new OllaError(
      'UNAUTHORIZED',
      'this gateway has no admin token. Set admin.token or admin.token_file',
    );
  }
  if (!token.isIn(request.headers))
    throw new OllaError(
      'UNAUTHORIZED',
      'the action needs the admin token. Send it as `Authorization: Bearer TOKEN`',
    );
}

/** Drains or resumes an endpoint for every worker of every host. @throws OllaError */
export async function changeEndpoint(
  deps: AdminDeps,
  request: AdminRequest,
  action: 'drain' | 'resume',
  name: string,
): Promise<EndpointActionBody> {
  const moment = await readMoment(deps);
  const endpoint = moment.endpoints.find((one) => one.name === name);
  if (endpoint === undefined) {
    throw new OllaError(
      'ENDPOINT_NOT_FOUND',
      `no endpoint is called ${JSON.stringify(name)}. GET /internal/status/endpoints lists them`,
    );
  }
  const lost = action === 'drain' ? modelsLostWithout(name, moment.endpoints, moment.snapshot) : [];
  if (lost.length > 0 && request.query.get('force') !== 'true') {
    throw new OllaError(
      'LAST_HOST',
      `${name} is the only endpoint that serves ${listModels(lost)}. Drain it all the same with force=true`,
    );
  }
  const drainedBefore = endpoint.drainedBy !== null;
  const changed = drainedBefore !== (action === 'drain');
  const by = actorOf(request);
  const control = changed ? await change(deps, { action, endpoint: name, by }) : moment.control;
  if (changed) reportChange(deps, control, { action, endpoint: name, from: endpoint.status.status, by });
  return {
    endpoint: name,
    action,
    changed,
    drained: action === 'drain',
    revision: control.revision,
    streams_left: endpoint.inFlight,
    models_lost: lost,
  };
}

/** Makes the leading agent probe and list all endpoints now. @throws OllaError */
export async function refresh(deps: AdminDeps, request: AdminRequest): Promise<RefreshBody> {
  const by = actorOf(request);
  const control = await change(deps, { action: 'refresh', by });
  return { action: 'refresh', refresh: control.refresh, revision: control.revision };
}

/** Publishes one event and logs one line, in the worker that handled the call. */
function reportChange(
  deps: AdminDeps,
  control: Control,
  { action, endpoint, from, by }: { action: 'drain' | 'resume'; endpoint: string; from: string; by: string },
): void {
  const view = deps.endpoints().find(({ name }) => name === endpoint);
  // This worker receives the new control shortly.
  const after = view && endpointStatus(view, view.probed, control, view.live.breaker);
  reportEvent(
    { events: deps.state.events, log: deps.log },
    {
      kind: action === 'drain' ? 'drained' : 'resumed',
      endpoint,
      from,
      to: after?.status ?? null,
      reason: '',
      by,
    },
  );
}

async function change(deps: AdminDeps, wanted: ControlChange): Promise<Control> {
  try {
    return await deps.state.control.change(wanted);
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
    throw stateUnavailable(deps.log, error, 'nothing is certain to have changed');
  }
}

/** The operator in events: the name that the console sends, and its address. */
function actorOf(request: AdminRequest): string {
  const claimed = request.headers['x-olla-actor'];
  const address = request.clientAddress;
  return typeof claimed === 'string' && /^[\x21-\x7e]{1,64}$/.test(claimed)
    ? `${claimed} (${address})`
    : address;
}

function listModels(models: readonly string[]): string {
  const shown = models.slice(0, 5).join(', ');
  return models.length > 5 ? `${shown} and ${models.length - 5} more models` : shown;
}
