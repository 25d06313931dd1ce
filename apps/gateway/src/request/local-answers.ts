import {
  answerForFleet,
  LIST_FORMATS,
  listModels,
  type ListFormat,
} from '@olla/backends/listings/answer-for-fleet';
import type { ListingSource, Scope } from '@olla/backends/listings/listing-source';
import { selectModels } from '@olla/backends/listings/select-models';
import { unifiedModel } from '@olla/backends/listings/unified';
import { OllaError } from '@olla/core/errors';
import type { Exchange } from './exchange.ts';
import { respond, respondJson } from './respond.ts';
import { decodedPath, printable, type Route } from './routes.ts';
import type { WorkerContext } from '../worker-context.ts';

/** What this worker plans with, so that listings offer what it routes. */
function listingSource({ fleet, settings }: WorkerContext): ListingSource {
  return {
    models: fleet.snapshot?.catalog.models ?? [],
    endpoints: fleet.view.endpoints,
    modelAliases: settings.model_aliases,
    find: (name) => fleet.models.find(name),
  };
}

/** `/internal/*` and `/version`. */
export async function answerAdmin(context: WorkerContext, exchange: Exchange): Promise<void> {
  const answer = await context.admin.handle({
    // What HEAD is told of the body is that of GET.
    method: exchange.method === 'HEAD' ? 'GET' : exchange.method,
    path: exchange.path,
    query: new URLSearchParams(exchange.query),
    headers: exchange.request.headers as Record<string, string | undefined>,
    clientAddress: exchange.address,
  });
  const headers = answer.headers.filter(([name]) => name.toLowerCase() !== 'content-length').flat();
  respond(exchange, answer.status, headers, answer.body);
}

/** `/olla/models`, and one model under any of its names. */
export function answerModels(context: WorkerContext, exchange: Exchange, id: string | null): void {
  const { method } = exchange;
  if (method !== 'GET' && method !== 'HEAD') {
    exchange.baseHeaders.push('Allow', 'GET, HEAD, OPTIONS');
    throw new OllaError(
      'METHOD_NOT_ALLOWED',
      `${method} is not possible on ${printable(exchange.path)}: only GET and HEAD`,
    );
  }
  const source = listingSource(context);
  if (id !== null) return answerOneModel(source, exchange, decodedPath(id));
  const query = new URLSearchParams(exchange.query);
  const format = query.get('format') ?? 'unified';
  if (!isListFormat(format))
    throw new OllaError(
      'BAD_REQUEST',
      `format ${printable(format)} is unknown; there are ${LIST_FORMATS.join(', ')}`,
    );
  respondJson(exchange, 200, listModels(source, format, scopeFrom(query)));
}

/** A listing that is answered for the fleet instead of being relayed. @returns whether it was one */
export function answerListing(
  context: WorkerContext,
  exchange: Exchange,
  route: Extract<Route, { kind: 'relay' }>,
): boolean {
  if (exchange.method !== 'GET' && exchange.method !== 'HEAD') return false;
  const profile = route.scope.kind === 'type' ? route.scope.profile : null;
  const answer = answerForFleet(profile, decodedPath(route.path), listingSource(context));
  if (answer === null) return false;
  if (!answer.found) throw modelNotFound(answer.model);
  respondJson(exchange, 200, answer.body);
  return true;
}

function answerOneModel(source: ListingSource, exchange: Exchange, name: string): void {
  const id = source.find(name)?.id ?? name;
  const listed = selectModels(source, {}).find((one) => one.id === id);
  if (listed === undefined) throw modelNotFound(name);
  respondJson(exchange, 200, unifiedModel(listed, Date.now()));
}

function modelNotFound(name: string): OllaError {
  return new OllaError(
    'MODEL_NOT_FOUND',
    `no endpoint has a model ${printable(name)}. GET /olla/models lists those there are`,
  );
}

function scopeFrom(query: URLSearchParams): Scope {
  const endpoint = query.get('endpoint');
  const family = query.get('family');
  const type = query.get('type');
  const available = query.get('available');
  return {
    ...(endpoint === null ? {} : { endpoint }),
    ...(family === null ? {} : { family }),
    ...(type === null ? {} : { type }),
    ...(available === null ? {} : { available: flag('available', available) }),
  };
}

function flag(name: string, value: string): boolean {
  if (value === 'true' || value === '1') return true;
  if (value === 'false' || value === '0') return false;
  throw new OllaError('BAD_REQUEST', `${name} is true or false, not ${printable(value)}`);
}

function isListFormat(format: string): format is ListFormat {
  return (LIST_FORMATS as readonly string[]).includes(format);
}
