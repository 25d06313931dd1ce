import { OllaError } from '@olla/core/errors';
import type { Admin } from '../admin/create-admin.ts';
import type { Call } from './call.ts';
import type { Callers } from './callers.ts';
import type { ClientAddress } from './client-address.ts';
import type { ModelLists } from './model-lists.ts';
import type { Outcome } from './outcome.ts';
import { respond } from './respond.ts';
import type { RelayRoute, Route } from './routes.ts';

export type AnswerLocally = (
  call: Call,
  route: Exclude<Route, RelayRoute>,
  client: ClientAddress,
) => Outcome | Promise<Outcome>;

export interface LocalSources {
  readonly admin: Admin;
  readonly models: ModelLists;
  readonly callers: Pick<Callers, 'isOutsider' | 'refusalUnderUnknownHost'>;
}

const READS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Answers requests at paths that are relayed to no endpoint. Waits if the shared state is read. */
export function createAnswerLocally({ admin, models, callers }: LocalSources): AnswerLocally {
  return (call, route, client) => {
    switch (route.kind) {
      case 'admin':
        return answerAdmin(call, route.path, client);
      case 'models':
        return models.unified(call, route.id);
      case 'malformed':
        throw new OllaError(route.code, route.message);
      case 'reserved':
        throw new OllaError('NOT_IMPLEMENTED', route.message);
      case 'unknown':
        throw new OllaError('NOT_FOUND', route.message);
    }
  };

  async function answerAdmin(call: Call, path: string, client: ClientAddress): Promise<Outcome> {
    const refusal = READS.has(call.method) ? null : callers.refusalUnderUnknownHost(call.request, client);
    if (refusal !== null) throw refusal;
    const response = await admin.handle({
      // HEAD gets the headers of GET's body.
      method: call.method === 'HEAD' ? 'GET' : call.method,
      path,
      query: new URLSearchParams(call.query),
      headers: call.request.headers,
      clientAddress: client.address,
      isOutsider: callers.isOutsider(call.request, client),
    });
    call.throwIfAborted();
    return respond(call, { ...response, headers: response.headers.flat() });
  }
}
