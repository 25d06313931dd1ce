import type { HealthBody, LiveBody, ReadyBody } from '@olla/admin-api/schema/health';
import { OllaError } from '@olla/core/errors';
import { changeEndpoint, refresh, requireToken } from './actions.ts';
import { endpointsBody } from './endpoints-body.ts';
import { eventsBody } from './events-body.ts';
import { modelsBody } from './models-body.ts';
import { outsiderView } from './outsider-view.ts';
import { processBody } from './process-body.ts';
import { Content, respond, type AdminRequest, type AdminResponse, type Reply } from './respond.ts';
import { SharedMoments } from './shared-moments.ts';
import type { AdminDeps, Moment } from './sources.ts';
import { statsModelsBody, statsStickyBody, statsTranslatorsBody } from './stats-body.ts';
import { statusBody } from './status-body.ts';
import { versionBody } from './version-body.ts';

export interface Admin {
  /** Answers a request for `/internal/*` or `/version`. Rejects with an OllaError if it refuses the request. */
  handle(request: AdminRequest): Promise<AdminResponse>;
}

interface Sources {
  readonly deps: AdminDeps;
  readonly moments: SharedMoments;
}

type Build = (sources: Sources, request: AdminRequest) => Promise<Reply> | Reply;

interface Route {
  readonly methods: readonly string[];
  readonly build: Build;
}

const READ = ['GET', 'HEAD'] as const;

/** Paths without parameters. */
const ROUTES: ReadonlyMap<string, Route> = new Map([
  ['/internal/health', { methods: READ, build: health }],
  [
    '/internal/health/live',
    { methods: READ, build: () => uncached(200, { status: 'live' } satisfies LiveBody) },
  ],
  ['/internal/health/ready', { methods: READ, build: ready }],
  ['/internal/status', readRoute(statusBody)],
  ['/internal/status/endpoints', readRoute(endpointsBody)],
  ['/internal/status/models', readRoute(modelsBody)],
  [
    '/internal/stats/models',
    readRoute(
      (moment, { query }) => statsModelsBody(moment, query),
      ['include_endpoints', 'include_summary'],
    ),
  ],
  ['/internal/stats/translators', readRoute(statsTranslatorsBody)],
  ['/internal/stats/sticky', readRoute(statsStickyBody)],
  ['/internal/events', { methods: READ, build: events }],
  [
    '/internal/process',
    {
      methods: READ,
      build: async ({ deps }, request) => uncached(200, viewFor(request, await processBody(deps))),
    },
  ],
  ['/internal/openapi.json', { methods: READ, build: openApi }],
  ['/internal/refresh', { methods: ['POST'], build: ({ deps }, request) => action(deps, request, refresh) }],
  [
    '/version',
    {
      methods: READ,
      build: ({ deps }) => ({ status: 200, content: new Content(versionBody(deps.build)), cacheable: true }),
    },
  ],
]);

const ENDPOINT_ACTION = /^\/internal\/endpoints\/([^/]+)\/(drain|resume)$/;

/** The system endpoints of a worker. */
export function createAdmin(deps: AdminDeps): Admin {
  const sources = { deps, moments: new SharedMoments(deps) };
  return {
    async handle(request) {
      const route = findRoute(request.path);
      if (route === null) {
        const known = [...ROUTES.keys()].join(', ');
        throw new OllaError('NOT_FOUND', `nothing is at this path. System endpoints are ${known}`);
      }
      const allow = [...route.methods, 'OPTIONS'];
      if (request.method === 'OPTIONS')
        return { status: 204, headers: [['Allow', allow.join(', ')]], body: '' };
      if (!route.methods.includes(request.method)) {
        const message = `this path answers ${route.methods.join(' and ')} only`;
        throw new OllaError('METHOD_NOT_ALLOWED', message, { allow });
      }
      return respond(request, await route.build(sources, request));
    },
  };
}

function findRoute(path: string): Route | null {
  const route = ROUTES.get(path);
  if (route !== undefined) return route;
  const [, encoded, verb] = ENDPOINT_ACTION.exec(path) ?? [];
  if (encoded === undefined || (verb !== 'drain' && verb !== 'resume')) return null;
  const name = decodeName(encoded);
  if (name === null) return null;
  return {
    methods: ['POST'],
    build: ({ deps }, request) => action(deps, request, () => changeEndpoint(deps, request, verb, name)),
  };
}

function decodeName(encoded: string): string | null {
  try {
    return decodeURIComponent(encoded);
  } catch {
    return null; // not UTF-8: no endpoint has such a name
  }
}

/** @param parameters of the query that the body depends on; each is a flag */
function readRoute(
  build: (moment: Moment, request: AdminRequest) => unknown,
  parameters: readonly string[] = [],
): Route {
  return {
    methods: READ,
    build: async ({ moments }, request) => {
      const moment = await moments.read();
      const flags = parameters.map((name) => flagOf(request.query.get(name)));
      const key = [request.path, request.isOutsider ? 'outsider' : 'own', ...flags].join(' ');
      return {
        status: 200,
        content: moments.view(moment, key, () => viewFor(request, build(moment, request))),
        cacheable: true,
      };
    },
  };
}

function viewFor({ isOutsider }: AdminRequest, body: unknown): unknown {
  return isOutsider ? outsiderView(body) : body;
}

/** Only two of the texts that a client may send have a meaning. */
function flagOf(value: string | null): string {
  return value === 'true' || value === 'false' ? value : 'unset';
}

async function action(
  deps: AdminDeps,
  request: AdminRequest,
  act: (deps: AdminDeps, request: AdminRequest) => Promise<unknown>,
): Promise<Reply> {
  requireToken(request, deps.adminToken);
  return uncached(200, await act(deps, request));
}

function uncached(status: number, body: unknown): Reply {
  return { status, content: new Content(body), cacheable: false };
}

/** Answered from memory and without statistics, so that a load balancer can request it every second. */
function health({ deps }: Sources): Reply {
  const endpoints = deps.endpoints();
  const serving = endpoints.filter(({ status }) => status.serves).length;
  const body: HealthBody = {
    status: serving > 0 ? 'healthy' : 'unhealthy',
    endpoints_routable: serving,
    endpoints_total: endpoints.length,
  };
  return uncached(serving > 0 ? 200 : 503, body);
}

async function events({ deps }: Sources, request: AdminRequest): Promise<Reply> {
  const body = viewFor(request, await eventsBody(deps));
  return { status: 200, content: new Content(body), cacheable: true };
}

function ready({ deps }: Sources): Reply {
  const status = deps.draining() ? 'draining' : deps.snapshot() === null ? 'starting' : 'ready';
  return uncached(status === 'ready' ? 200 : 503, { status } satisfies ReadyBody);
}

async function openApi({ deps }: Sources): Promise<Reply> {
  // Loads zod, which no other part of a worker's life needs.
  const { openApiDocument } = await import('@olla/admin-api/openapi');
  return { status: 200, content: new Content(openApiDocument(deps.build.version)), cacheable: true };
}
