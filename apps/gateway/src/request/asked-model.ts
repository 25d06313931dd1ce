import { profileOrDefault } from '@olla/backends/table';
import type { BackendType } from '@olla/core/backend-type';
import { dependsOnRules, readModel, type AskedFor, type ModelReading } from '@olla/core/body/read-model';
import { OllaError } from '@olla/core/errors';
import type { RouteScope } from '@olla/core/route-plan/fleet-view';
import type { Call } from './call.ts';
import type { RequestBody } from './request-body.ts';
import type { RelayRoute } from './routes.ts';
import { scopeOfTypes } from './scopes.ts';

/** Types of endpoints that read the same model in a request, and that model. */
export interface TypesReading {
  readonly targets: RouteScope;
  readonly reading: ModelReading;
}

/**
 * Groups the types of a route by the model that they read in a request: for nearly all requests there is one group.
 * Groups that read a model are first. Types that cannot decide which of two models is meant are in no group.
 *
 * @throws OllaError INVALID_MODEL if no type can
 */
export function readForTypes(call: Call, route: RelayRoute, body: RequestBody): readonly TypesReading[] {
  const asked = askedFor(call, body);
  // The type of the endpoint does not matter for Ollama's own calls, as for the meaning of their paths.
  if (route.nameField !== null || !dependsOnRules(asked))
    return [{ targets: route.targets, reading: body.reading }];
  const groups = new Map<string, { types: BackendType[]; reading: ModelReading }>();
  for (const type of route.targets.types ?? []) {
    const reading = readModel(asked, profileOrDefault(type).modelRules);
    if (reading.isAmbiguous) continue;
    const key = JSON.stringify([reading.model, reading.isCertain, reading.tokens]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { types: [type], reading });
    else group.types.push(type);
  }
  if (groups.size === 0) throw twoModels();
  return [...groups.values()]
    .sort((a, b) => Number(a.reading.model === null) - Number(b.reading.model === null))
    .map(({ types, reading }) => ({ targets: scopeOfTypes(route.targets.label, types), reading }));
}

function askedFor({ query }: Call, { fields, length }: RequestBody): AskedFor {
  const inQuery =
    query === '' ? NO_NAMES : new URLSearchParams(query).getAll('model').filter((name) => name !== '');
  return { fields, inQuery, hasBody: length !== 0 };
}

const NO_NAMES: readonly string[] = [];

function twoModels(): OllaError {
  return new OllaError(
    'INVALID_MODEL',
    'the request names two models, or one that is no text: its fields named `model` in any letter case, and a query parameter of that name, count for the servers of this route',
  );
}
