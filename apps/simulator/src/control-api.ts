import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { z } from 'zod';
import { faultSpecSchema, modelSpecSchema } from './fleet-spec.ts';
import { listeningPort } from './http/listening-port.ts';
import type { SimulatedServer } from './simulated-server.ts';

/**
 * Controls the servers of a fleet over HTTP. Bodies are JSON in both directions. Errors are `{"error": "…"}`
 * with status 400 for a body that is not valid and 404 for an unknown path or server.
 *
 *   GET    /servers                          the state of all servers
 *   GET    /servers/NAME                     the state of one server
 *   GET    /servers/NAME/requests?limit=N    the last requests received, oldest first
 *   DELETE /servers/NAME/requests            drops the recorded requests and sets the counters to 0
 *   PUT    /servers/NAME/capture             {"bodies": true} records request bodies too
 *   POST   /servers/NAME/faults              adds a fault (see FaultSpec), answers it with its id
 *   DELETE /servers/NAME/faults[/ID]         ends one fault, or all
 *   POST   /servers/NAME/models              adds a model: a name, or a model as in the fleet file
 *   DELETE /servers/NAME/models/MODEL        removes a model
 *   POST   /servers/NAME/crash               resets its connections and drops its work and loaded models
 */
export interface ControlApi {
  readonly url: string;
  close(): Promise<void>;
}

const MAX_BODY_BYTES = 1024 * 1024;
const DEFAULT_REQUEST_LIMIT = 100;

class ControlError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Listens on loopback; port 0 takes any free port. Rejects with the listener's error for a taken port. */
export async function startControlApi(
  servers: readonly SimulatedServer[],
  port: number,
): Promise<ControlApi> {
  const listener = createServer((req, res) => {
    handleRequest(servers, req).then(
      (value) => send(res, 200, value),
      (error: unknown) => {
        if (error instanceof ControlError) send(res, error.status, { error: error.message });
        else send(res, 500, { error: String(error) });
      },
    );
  });
  await new Promise<void>((resolve, reject) => {
    listener.once('error', reject);
    listener.listen(port, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${listeningPort(listener)}`,
    async close() {
      const closed = new Promise((resolve) => listener.close(resolve));
      listener.closeAllConnections();
      await closed;
    },
  };
}

function send(res: ServerResponse, status: number, value: unknown): void {
  const body = JSON.stringify(value ?? { ok: true });
  res.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
  res.end(body);
}

async function handleRequest(servers: readonly SimulatedServer[], req: IncomingMessage): Promise<unknown> {
  const url = new URL(req.url ?? '/', 'http://control');
  const [root, name, resource, ...rest] = url.pathname.split('/').filter(Boolean).map(decodeURIComponent);
  if (root !== 'servers') throw new ControlError(404, 'unknown path. GET /servers lists the servers');
  if (name === undefined) return { servers: servers.map((server) => server.snapshot()) };
  const server = servers.find((candidate) => candidate.name === name);
  if (server === undefined) {
    const known = servers.map((candidate) => candidate.name).join(', ');
    throw new ControlError(404, `no simulated server is named "${name}". The servers are ${known}`);
  }
  const operation = `${req.method ?? 'GET'} ${resource ?? ''}`;
  if (operation === 'GET ') return server.snapshot();
  if (operation === 'GET requests')
    return { requests: server.requests(Number(url.searchParams.get('limit') ?? DEFAULT_REQUEST_LIMIT)) };
  if (operation === 'DELETE requests') return server.resetCounters();
  return changeServer(server, { operation, argument: rest.join('/'), body: await readJson(req) });
}

interface Change {
  /** The method and the resource, such as `POST faults`. */
  readonly operation: string;
  /** What follows the resource in the path; empty for nothing. */
  readonly argument: string;
  readonly body: unknown;
}

async function changeServer(
  server: SimulatedServer,
  { operation, argument, body }: Change,
): Promise<unknown> {
  switch (operation) {
    case 'PUT capture':
      return server.captureBodies(parse(z.strictObject({ bodies: z.boolean() }), body).bodies);
    case 'POST faults':
      return server.addFault(parse(faultSpecSchema, body));
    case 'DELETE faults':
      return server.clearFaults(argument === '' ? undefined : Number(argument));
    case 'POST models':
      return server.addModel(parse(modelSpecSchema, body));
    case 'DELETE models':
      return server.removeModel(argument);
    case 'POST crash':
      return server.crash();
    default:
      throw new ControlError(404, `unknown operation "${operation}"`);
  }
}

function parse<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new ControlError(
    400,
    parsed.error.issues.map((issue) => `${issue.path.join('.') || 'body'}: ${issue.message}`).join('; '),
  );
}

async function readJson(req: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const part of req) {
    text += String(part);
    if (text.length > MAX_BODY_BYTES) throw new ControlError(400, 'the body is larger than 1 MiB');
  }
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    throw new ControlError(400, 'the body is not JSON');
  }
}
