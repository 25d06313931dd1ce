import {
  answerForFleet,
  isListedFor,
  LIST_FORMATS,
  listModels,
  type ListingScope,
} from '@olla/backends/listings/answer-for-fleet';
import type { ListingSource, Scope } from '@olla/backends/listings/listing-source';
import { findListed, selectModels } from '@olla/backends/listings/select-models';
import { joinCopies } from '@olla/backends/listings/join-copies';
import { unifiedModel } from '@olla/backends/listings/unified';
import { OllaError } from '@olla/core/errors';
import type { RoutingView } from '../fleet/routing-view.ts';
import type { Call } from './call.ts';
import type { Outcome } from './outcome.ts';
import { respond, respondError, respondJson } from './respond.ts';
import { decodedPath, printable, type RelayRoute } from './routes.ts';
import type { RelayScope } from './scopes.ts';
import { ShortCache, type View } from './short-cache.ts';

/** Answers for the models of the whole fleet. */
export interface ModelLists {
  /** `/olla/models`, and one model under any of its names. @throws OllaError */
  unified(call: Call, id: string | null): Outcome;
  /** A listing at a relayed path, which no single endpoint could answer. @returns null for every other path */
  listing(call: Call, route: RelayRoute): Outcome | null;
}

export function createModelLists(routing: RoutingView): ModelLists {
  // The data that this worker plans with, so that listings offer the models that it routes.
  const source = (): ListingSource => ({
    models: routing.snapshot?.catalog.models ?? [],
    endpoints: routing.fleet.endpoints,
    names: routing.names,
  });
  // Lists as text, each made once for all requests within a moment.
  const texts = new ShortCache<string>();
  const respondText = (call: Call, body: string, type = 'application/json'): Outcome =>
    respond(call, { status: 200, headers: ['Content-Type', type], body });
  return {
    unified(call, id) {
      if (call.method === 'OPTIONS') return respondMethods(call);
      if (call.method !== 'GET' && call.method !== 'HEAD')
        throw new OllaError(
          'METHOD_NOT_ALLOWED',
          `${call.method} is not possible on ${printable(call.path)}: only GET and HEAD`,
          { allow: METHODS },
        );
      if (id !== null) return respondJson(call, 200, oneModel(source(), decodedPath(id)));
      const { format, scope } = listedAs(call);
      const build = (): string => JSON.stringify(listModels(source(), format, scope));
      const key = `unified ${format} ${JSON.stringify(scope)}`;
      return respondText(call, texts.get(key, viewOf(routing), build));
    },
    listing(call, route) {
      const isOptions = call.method === 'OPTIONS';
      if (call.method !== 'GET' && call.method !== 'HEAD' && !isOptions) return null;
      const scope = listingScope(route.scope);
      const path = decodedPath(route.path);
      if (!isListedFor(scope, path)) return null;
      if (isOptions) return respondMethods(call);
      let missing: string | null = null;
      let plain: string | null = null;
      const key = `${typeof scope === 'string' ? scope : scope.type} ${path}`;
      const text = texts.get(key, viewOf(routing), () => {
        const listed = answerForFleet(scope, path, source());
        if (listed?.found === false) missing = listed.model;
        else if (typeof listed?.body === 'string') plain = listed.body;
        return listed?.found === true && typeof listed.body === 'object' ? JSON.stringify(listed.body) : null;
      });
      if (text !== null) return respondText(call, text);
      if (plain !== null) return respondText(call, plain, 'text/plain; charset=utf-8');
      return missing === null ? null : respondError(call, notOffered(source(), missing));
    },
  };
}

const METHODS = ['GET', 'HEAD', 'OPTIONS'];

/** The response to an OPTIONS that is no preflight (RFC 9110 §9.3.7). */
function respondMethods(call: Call): Outcome {
  return respond(call, { status: 204, headers: ['Allow', METHODS.join(', ')], body: '' });
}

function listingScope(scope: RelayScope): ListingScope {
  return scope.kind === 'type' ? scope.profile : scope.kind;
}

/** Changes with everything that a list shows: the snapshot, decisions of operators, and ejections. */
function viewOf({ fleet }: RoutingView): View {
  return { source: fleet, revision: fleet.revision };
}

function listedAs({ query }: Call): { readonly format: string; readonly scope: Scope } {
  const parameters = new URLSearchParams(query);
  const format = parameters.get('format') ?? 'unified';
  if (!LIST_FORMATS.includes(format))
    throw new OllaError(
      'BAD_REQUEST',
      `format ${printable(format)} is unknown; there are ${LIST_FORMATS.join(', ')}`,
    );
  return { format, scope: scopeFrom(parameters) };
}

function oneModel(source: ListingSource, name: string): object {
  const listed = findListed(source, {}, name);
  if (listed === undefined) throw modelNotFound(name);
  const entries = joinCopies(selectModels(source, {}));
  const entry =
    entries.find(({ id }) => id === listed.id) ??
    entries.find(({ model, aliasFor }) => aliasFor === null && model.aliases.includes(listed.id));
  return unifiedModel(entry ?? listed, Date.now());
}

/**
 * A list offers the models that the planner would route, and the reason why a model is not offered is the planner's.
 */
function notOffered(source: ListingSource, name: string): OllaError {
  if (source.names.steps(name).length === 0) return modelNotFound(name);
  return new OllaError(
    'MODEL_UNAVAILABLE',
    `the model ${printable(name)} is known, but no endpoint of this route serves it now. GET /olla/models shows where it is`,
  );
}

function modelNotFound(name: string): OllaError {
  return new OllaError(
    'MODEL_NOT_FOUND',
    `not found: no endpoint has a model ${printable(name)}. GET /olla/models lists those there are`,
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
