import { z, type ZodType } from 'zod';
import { endpointActionSchema, refreshSchema } from './schema/actions.ts';
import { errorSchema } from './schema/common.ts';
import { eventsSchema } from './schema/events.ts';
import { healthSchema, liveSchema, readySchema } from './schema/health.ts';
import { processSchema } from './schema/process.ts';
import { statsModelsSchema, statsStickySchema, statsTranslatorsSchema } from './schema/stats.ts';
import { statusEndpointsSchema, statusModelsSchema, statusSchema } from './schema/status.ts';
import { versionSchema } from './schema/version.ts';

interface Operation {
  readonly method: 'get' | 'post';
  readonly path: string;
  readonly summary: string;
  readonly name: string;
  readonly schema: ZodType;
  /** Further statuses whose body has the same schema as that of 200. */
  readonly also?: readonly number[];
  /** Statuses whose body is the error body. */
  readonly errors?: readonly number[];
  readonly query?: readonly { readonly name: string; readonly description: string }[];
  readonly admin?: true;
}

const FORCE = {
  name: 'force',
  description: '`true` drains although models lose the last endpoint that serves them',
};

/** Every operation of the admin API with the schema of its response. */
export const OPERATIONS: readonly Operation[] = [
  {
    method: 'get',
    path: '/internal/health',
    summary: 'Whether at least one endpoint serves',
    name: 'Health',
    schema: healthSchema,
    also: [503],
  },
  {
    method: 'get',
    path: '/internal/health/live',
    summary: 'Whether the process is alive',
    name: 'Live',
    schema: liveSchema,
  },
  {
    method: 'get',
    path: '/internal/health/ready',
    summary: 'Whether this gateway takes traffic',
    name: 'Ready',
    schema: readySchema,
    also: [503],
  },
  {
    method: 'get',
    path: '/internal/status',
    summary: 'Status of the cluster and of all endpoints',
    name: 'Status',
    schema: statusSchema,
  },
  {
    method: 'get',
    path: '/internal/status/endpoints',
    summary: 'Status of all endpoints',
    name: 'StatusEndpoints',
    schema: statusEndpointsSchema,
  },
  {
    method: 'get',
    path: '/internal/status/models',
    summary: 'Models and the endpoints that have them',
    name: 'StatusModels',
    schema: statusModelsSchema,
  },
  {
    method: 'get',
    path: '/internal/stats/models',
    summary: 'Traffic by model',
    name: 'StatsModels',
    schema: statsModelsSchema,
    query: [
      { name: 'include_endpoints', description: '`true` adds traffic by model and endpoint' },
      { name: 'include_summary', description: '`false` leaves out the summary' },
    ],
  },
  {
    method: 'get',
    path: '/internal/stats/translators',
    summary: 'Traffic by translator',
    name: 'StatsTranslators',
    schema: statsTranslatorsSchema,
  },
  {
    method: 'get',
    path: '/internal/stats/sticky',
    summary: 'Counts of sticky sessions',
    name: 'StatsSticky',
    schema: statsStickySchema,
  },
  {
    method: 'get',
    path: '/internal/events',
    summary: 'What happened in the cluster, oldest first, at most the last 1,000',
    name: 'Events',
    schema: eventsSchema,
    errors: [503],
  },
  {
    method: 'get',
    path: '/internal/process',
    summary: 'Memory, CPU time and event loop of every process of the cluster',
    name: 'Process',
    schema: processSchema,
  },
  {
    method: 'get',
    path: '/version',
    summary: 'Version, build and capabilities',
    name: 'Version',
    schema: versionSchema,
  },
  {
    method: 'post',
    path: '/internal/endpoints/{name}/drain',
    summary: 'Drain an endpoint: it gets no new requests',
    name: 'EndpointAction',
    schema: endpointActionSchema,
    errors: [401, 404, 409, 503],
    query: [FORCE],
    admin: true,
  },
  {
    method: 'post',
    path: '/internal/endpoints/{name}/resume',
    summary: 'Resume a drained endpoint',
    name: 'EndpointAction',
    schema: endpointActionSchema,
    errors: [401, 404, 503],
    admin: true,
  },
  {
    method: 'post',
    path: '/internal/refresh',
    summary: 'Check all endpoints and list their models now',
    name: 'Refresh',
    schema: refreshSchema,
    errors: [401, 503],
    admin: true,
  },
];

interface OperationObject {
  readonly summary: string;
  readonly operationId: string;
  readonly parameters: readonly object[];
  readonly responses: Readonly<Record<string, object>>;
  readonly security?: readonly object[];
}

/** What the project's own code uses of OpenAPI 3.1. */
export interface OpenApiDocument {
  readonly openapi: '3.1.0';
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, OperationObject>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, object>>;
    readonly securitySchemes: Readonly<Record<string, object>>;
  };
}

/** The OpenAPI 3.1 document of the admin API. */
export function openApiDocument(version: string): OpenApiDocument {
  const schemas: Record<string, object> = { Error: jsonSchema(errorSchema) };
  const paths: Record<string, Record<string, OperationObject>> = {};
  for (const operation of OPERATIONS) {
    schemas[operation.name] ??= jsonSchema(operation.schema);
    (paths[operation.path] ??= {})[operation.method] = describeOperation(operation);
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Olla admin API', version },
    paths,
    components: { schemas, securitySchemes: { adminToken: { type: 'http', scheme: 'bearer' } } },
  };
}

function describeOperation(operation: Operation): OperationObject {
  const pathParameters = [...operation.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  const query = (operation.query ?? []).map(({ name, description }) => ({
    name,
    in: 'query',
    description,
    schema: { type: 'boolean' },
  }));
  const responses: Record<string, object> = { default: jsonResponse('An error', 'Error') };
  for (const status of [200, ...(operation.also ?? [])])
    responses[status] = jsonResponse(operation.summary, operation.name);
  for (const status of operation.errors ?? []) responses[status] = jsonResponse('An error', 'Error');
  return {
    summary: operation.summary,
    operationId: `${operation.method}${operation.path.replace(/[^a-z]+(\w)/g, (_, letter: string) => letter.toUpperCase()).replace(/\W/g, '')}`,
    parameters: [...pathParameters, ...query],
    responses,
    ...(operation.admin ? { security: [{ adminToken: [] }] } : {}),
  };
}

function jsonResponse(description: string, name: string): object {
  return {
    description,
    content: { 'application/json': { schema: { $ref: `#/components/schemas/${name}` } } },
  };
}

function jsonSchema(schema: ZodType): object {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { target: 'draft-2020-12', io: 'output' });
  return rest;
}
