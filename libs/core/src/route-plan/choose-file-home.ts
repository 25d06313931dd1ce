import { OllaError } from '../errors.ts';
import { affinity } from '../sticky/rendezvous.ts';
import type { Candidate, FleetView, RouteScope } from './fleet-view.ts';
import { refusalMessage } from './refusal-message.ts';

/**
 * The endpoint at which a client looks for files of a model, and to which it sends them. It is one endpoint for all
 * files, because the model is made of them at one server, and it is the same in every process of every host. It changes
 * only with the endpoints that serve.
 * @param client identifies the client, such as by its address
 * @param takes whether an endpoint takes files; one that does not is chosen only if no other can be
 * @throws OllaError NO_ENDPOINT
 */
export function chooseFileHome(
  view: FleetView,
  scope: RouteScope,
  client: string,
  takes: (candidate: Candidate) => boolean,
): Candidate {
  const members = view.members(scope);
  const takers = members.candidates.filter(takes);
  const among = takers.length > 0 ? takers : members.candidates;
  const serving = among.filter(({ endpoint }) => endpoint.status.serves);
  const ejected = among.filter(({ endpoint }) => endpoint.status.status === 'ejected');
  const usable = serving.length > 0 ? serving : ejected;
  const highest = Math.max(...usable.map(({ endpoint }) => endpoint.priority));
  const ranked = usable
    .filter(({ endpoint }) => endpoint.priority === highest)
    .sort((a, b) => affinity(client, b.endpoint.key, 1) - affinity(client, a.endpoint.key, 1));
  const home = ranked[0];
  if (home === undefined)
    throw new OllaError('NO_ENDPOINT', refusalMessage('NO_ENDPOINT', scope, '', members));
  return home;
}
