import { z, type ZodType } from 'zod';
import { endpointActionSchema, refreshSchema } from './schema/actions.ts';
import { errorSchema } from './schema/common.ts';
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
  /** Statuses beside 200 whose body is the same shape. */
  readonly also?: readonly number[];
  /** Statuses with the error body. */
  readonly errors?: readonly number[];
  readonly query?: readonly { readonly name: string; readonly description: string }[];
  readonly admin?: true;
}

const FORCE = { name: 'force', description: '`true`: also when models lose their last routable host' };

/** Every system endpoint with the schema of its body. */
export const OPERATIONS: readonly Operation[] = [
  {
    method: 'get',
    path: '/internal/health',
    summary: 'Whether anything can be served',
    name: 'Health',
    schema: healthSchema,
    also: [503],
  },
  {
    method: 'get',
    path: '/internal/health/live',
    summary: 'Whether the process turns',
    name: 'Live',
    schema: liveSchema,
  },
  {
    method: 'get',
    path: '/internal/health/ready',
    summary: 'Whether to send traffic here',
    name: 'Ready',
    schema: readySchema,
    also: [503],
  },
  {
    method: 'get',
    path: '/internal/status',
    summary: 'The cluster and all endpoints',
    name: 'Status',
    schema: statusSchema,
  },
  {
    method: 'get',
    path: '/internal/status/endpoints',
    summary: 'Endpoints',
    name: 'StatusEndpoints',
    schema: statusEndpointsSchema,
  },
  {
    method: 'get',
    path: '/internal/status/models',
    summary: 'Models and where they are',
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
      { name: 'include_endpoints', description: '`true`: also by endpoint' },
      { name: 'include_summary', description: '`false`: without the summary' },
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
    summary: 'Sticky sessions',
    name: 'StatsSticky',
    schema: statsStickySchema,
  },
  {
    method: 'get',
    path: '/internal/process',
    summary: 'Every process of the cluster',
    name: 'Process',
    schema: processSchema,
  },
  {
    method: 'get',
    path: '/version',
    summary: 'Version and abilities',
    name: 'Version',
    schema: versionSchema,
  },
  {
    method: 'post',
    path: '/internal/endpoints/{name}/drain',
    summary: 'Send an endpoint nothing new',
    name: 'EndpointAction',
    schema: endpointActionSchema,
    errors: [401, 404, 409, 503],
    query: [FORCE],
    admin: true,
  },
  {
    method: 'post',
    path: '/internal/endpoints/{name}/resume',
    summary: 'Let a drained endpoint serve again',
    name: 'EndpointAction',
    schema: endpointActionSchema,
    errors: [401, 404, 503],
    admin: true,
  },
  {
    method: 'post',
    path: '/internal/refresh',
    summary: 'Probe all endpoints and list their models now',
    name: 'Refresh',
    schema: refreshSchema,
    errors: [401, 503],
    admin: true,
  },
];

/** The OpenAPI 3.1 document of the system endpoints. */
export function openApiDocument(version: string): Record<string, unknown> {
  const schemas: Record<string, unknown> = { Error: jsonSchema(errorSchema) };
  const paths: Record<string, Record<string, unknown>> = {};
  for (const operation of OPERATIONS) {
    schemas[operation.name] ??= jsonSchema(operation.schema);
    (paths[operation.path] ??= {})[operation.method] = describe(operation);
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Olla system endpoints', version },
    paths,
    components: { schemas, securitySchemes: { adminToken: { type: 'http', scheme: 'bearer' } } },
  };
}

function describe(operation: Operation): Record<string, unknown> {
  const named = [...operation.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
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
  const responses: Record<string, unknown> = { default: answer('An error', 'Error') };
  for (const status of [200, ...(operation.also ?? [])])
    responses[status] = answer(operation.summary, operation.name);
  for (const status of operation.errors ?? []) responses[status] = answer('An error', 'Error');
  return {
    summary: operation.summary,
    operationId: `${operation.method}${operation.path.replace(/[^a-z]+(\w)/g, (_, letter: string) => letter.toUpperCase()).replace(/\W/g, '')}`,
    parameters: [...named, ...query],
    responses,
    ...(operation.admin ? { security: [{ adminToken: [] }] } : {}),
  };
}

function answer(description: string, name: string): Record<string, unknown> {
  return {
    description,
    content: { 'application/json': { schema: { $ref: `#/components/schemas/${name}` } } },
  };
}

function jsonSchema(schema: ZodType): Record<string, unknown> {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { target: 'draft-2020-12', io: 'output' });
  return rest;
}
