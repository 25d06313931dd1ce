import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { z } from 'zod';
import type { Fleet, FleetServer } from './fleet.ts';
import { faultSpecSchema, modelSpecSchema } from './fleet-spec.ts';

/**
 * The fleet's control over HTTP, JSON both ways. Errors are `{"error": "…"}` with 400 or 404.
 *
 *   GET    /servers                          all servers: what they do, count and suffer
 *   GET    /servers/NAME                     one of them
 *   GET    /servers/NAME/requests?limit=N    the last requests received, oldest first
 *   DELETE /servers/NAME/requests            forgets them, counters to 0
 *   PUT    /servers/NAME/capture             {"bodies": true} keeps the requests' bodies
 *   POST   /servers/NAME/faults              a fault (see FaultSpec); answers it with its id
 *   DELETE /servers/NAME/faults[/ID]         ends one or all
 *   POST   /servers/NAME/models              a model's name, or a model of the fleet file
 *   DELETE /servers/NAME/models/MODEL
 *   POST   /servers/NAME/crash               kills and restarts it
 */
export interface ControlApi {
  readonly url: string;
  close(): Promise<void>;
}

const MAX_BODY_BYTES = 1024 * 1024;

class ControlError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export async function startControlApi(fleet: Fleet, port: number): Promise<ControlApi> {
  const server = createServer((req, res) => {
    answer(fleet, req).then(
      (value) => send(res, 200, value),
      (error: unknown) => {
        if (error instanceof ControlError) send(res, error.status, { error: error.message });
        else send(res, 500, { error: String(error) });
      },
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const address = server.address();
  const boundPort = address !== null && typeof address === 'object' ? address.port : port;
  return {
    url: `http://127.0.0.1:${boundPort}`,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

function send(res: ServerResponse, status: number, value: unknown): void {
  const body = JSON.stringify(value ?? { ok: true });
  res.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
  res.end(body);
}

async function answer(fleet: Fleet, req: IncomingMessage): Promise<unknown> {
  const url = new URL(req.url ?? '/', 'http://control');
  const [root, name, what, ...rest] = url.pathname.split('/').filter(Boolean).map(decodeURIComponent);
  if (root !== 'servers') throw new ControlError(404, 'unknown path; GET /servers lists the fleet');
  if (name === undefined) return { servers: fleet.servers.map((server) => server.snapshot()) };
  const server = fleet.servers.find((candidate) => candidate.name === name);
  if (server === undefined)
    throw new ControlError(
      404,
      `no simulated server "${name}"; there are ${fleet.servers.map((known) => known.name).join(', ')}`,
    );
  const action = `${req.method ?? 'GET'} ${what ?? ''}`;
  const argument = rest.join('/');
  if (action === 'GET ') return server.snapshot();
  if (action === 'GET requests')
    return { requests: server.requests(Number(url.searchParams.get('limit') ?? 100)) };
  if (action === 'DELETE requests') return server.resetCounters();
  return act(server, { action, argument, body: await readJson(req) });
}

interface Order {
  readonly action: string;
  readonly argument: string;
  readonly body: unknown;
}

async function act(server: FleetServer, { action, argument, body }: Order): Promise<unknown> {
  switch (action) {
    case 'PUT capture':
      return server.captureBodies(check(z.strictObject({ bodies: z.boolean() }), body).bodies);
    case 'POST faults':
      return server.addFault(check(faultSpecSchema, body));
    case 'DELETE faults':
      return server.clearFaults(argument === '' ? undefined : Number(argument));
    case 'POST models':
      return server.addModel(check(modelSpecSchema, body));
    case 'DELETE models':
      return server.removeModel(argument);
    case 'POST crash':
      return server.crash();
    default:
      throw new ControlError(404, `unknown action "${action}"`);
  }
}

function check<T>(schema: z.ZodType<T>, value: unknown): T {
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
    if (text.length > MAX_BODY_BYTES) throw new ControlError(400, 'body larger than 1 MiB');
  }
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    throw new ControlError(400, 'the body is not JSON');
  }
}
