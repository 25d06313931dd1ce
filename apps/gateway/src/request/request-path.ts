import type { IncomingMessage, ServerResponse } from 'node:http';
import { OllaError } from '@olla/core/errors';
import { newRequestId, validRequestId } from '@olla/core/http/request-id';
import { clientAddress } from '@olla/core/limits-address/client-address';
import { admit } from './admission.ts';
import { Exchange } from './exchange.ts';
import { fail } from './fail.ts';
import { forward } from '../forward/forward.ts';
import { answerAdmin, answerListing, answerModels } from './local-answers.ts';
import { planTraffic } from './plan-traffic.ts';
import { answerPreflight, isPreflight } from './preflight.ts';
import { readBody } from './read-body.ts';
import { REFUSED } from '../listener/refuse-unparsed.ts';
import { findRoute, type Route } from './routes.ts';
import { settle } from '../observe/settle.ts';
import { beginTrace } from '../observe/trace-request.ts';
import { planManagement, refuseForeignOrigin, refuseManagement, withNamed } from './management.ts';
import type { WorkerContext } from '../worker-context.ts';

type RelayRoute = Extract<Route, { kind: 'relay' }>;

/**
 * The path of a request, from the parsed head to the settled count:
 *
 *   route → client address → admit (limits) → read what is asked → plan → forward → settle
 *
 * Nothing on it waits for anything but the client's own body, the backend, a limit's lease where none is in hand, and
 * where the strategy `discovery` says so, new lists of models for a model that nobody has.
 */
export function createRequestPath(
  context: WorkerContext,
): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    const given = request.headers['x-request-id'];
    const id = validRequestId(given as string | undefined) ? (given as string) : newRequestId();
    if (context.draining()) response.shouldKeepAlive = false;
    const exchange = new Exchange(request, response, id, context.cors?.headers(request) ?? []);
    response.on('close', () => {
      if (!response.writableFinished) exchange.clientLeft();
      // What is left of a body that nobody wants must not stand before the connection's next request.
      if (!request.readableEnded) request.resume();
      settle(context, exchange);
    });
    response.on(REFUSED, (error: OllaError) => {
      response.shouldKeepAlive = false;
      fail(context, exchange, error);
      // Whatever is under way for it ends as if the client had left; the rest of its body will never come.
      exchange.clientLeft();
      response.once('close', () => request.destroy());
    });
    handle(context, exchange).catch((thrown: unknown) => fail(context, exchange, thrown));
  };
}

async function handle(context: WorkerContext, exchange: Exchange): Promise<void> {
  const { request, method } = exchange;
  refuseBadHost(request);
  const route = findRoute(method, exchange.path);
  const peer = request.socket.remoteAddress ?? '';
  exchange.address = clientAddress(
    peer,
    request.headers['x-forwarded-for'] as string | undefined,
    context.trust,
  );
  exchange.peerTrusted = context.trust.peer(peer).trusted;
  if (isPreflight(request)) return answerPreflight(context, exchange);
  if (route.kind === 'relay') beginTrace(context, exchange);

  const waiting = admit(context, exchange, route);
  if (waiting !== null) await waiting;

  switch (route.kind) {
    case 'admin':
      return answerAdmin(context, exchange);
    case 'models':
      return answerModels(context, exchange, route.id);
    case 'reserved':
      throw new OllaError('NOT_IMPLEMENTED', route.message);
    case 'unknown':
      throw new OllaError('NOT_FOUND', route.message);
    case 'relay':
      return answerListing(context, exchange, route) ? undefined : relay(context, exchange, route);
  }
}

/** A server that obeys TRACE says back what it was sent, the endpoint's own credentials included. */
function refuseTrace({ baseHeaders }: Exchange): never {
  baseHeaders.push('Allow', 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS');
  throw new OllaError('METHOD_NOT_ALLOWED', 'TRACE is not relayed');
}

/** RFC 9112 §3.2. @throws OllaError BAD_REQUEST */
function refuseBadHost({ headers, rawHeaders, httpVersionMinor }: IncomingMessage): void {
  if (headers.host === undefined && httpVersionMinor > 0)
    throw new OllaError('BAD_REQUEST', 'the request has no Host header, which HTTP/1.1 demands');
  let hosts = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    if (name.length === 4 && name.toLowerCase() === 'host' && (hosts += 1) > 1)
      throw new OllaError('BAD_REQUEST', 'the request has more than one Host header');
  }
}

async function relay(context: WorkerContext, exchange: Exchange, route: RelayRoute): Promise<void> {
  if (exchange.method === 'TRACE') refuseTrace(exchange);
  exchange.relayed = true;
  const { settings } = context;
  if (route.management) {
    refuseManagement(settings.proxy.model_management);
    refuseForeignOrigin(exchange.request);
  }
  // A client that left while its lease was awaited would never end its body.
  if (exchange.clientGone) return;
  const reading = readBody(exchange, {
    json: route.json,
    blob: route.blob,
    maxBytes: settings.server.request_limits.max_body_size,
    budget: context.budget,
  });
  const body = withNamed(reading instanceof Promise ? await reading : reading, route.nameField);
  exchange.model = body.ask?.model || null;

  const scope = route.targets;
  exchange.route = scope.label;
  const planning =
    route.management || route.blob
      ? planManagement(context.fleet, exchange, route, scope, body)
      : planTraffic(context, exchange, scope, body);
  const plan = planning instanceof Promise ? await planning : planning;
  if (exchange.clientGone) return;

  await forward(exchange, scope, plan, body, route.path, {
    fleet: context.fleet,
    retryStatuses: context.retryStatuses,
    maxBodyBytes: route.blob ? Infinity : settings.server.request_limits.max_body_size,
    maxResponseMs: settings.proxy.response_timeout,
  });
  if (route.management && !route.blob && exchange.response.statusCode < 300) context.refresh.changed();
}
