import type { TestContext } from 'node:test';
import type { StatusBody } from '@olla/admin-api/schema/status';
import type { BackendType } from '@olla/core/backend-type';
import { startRawBackend, type RawBackend, type Respond } from '@olla/testing/raw-backend';
import { openConnection, sendRaw, type RawConnection, type RawResponse } from '@olla/testing/raw-http';
import { postBytes, requestBytes } from '@olla/testing/request-bytes';
import type { ModelSpec } from './fake-agent.ts';
import { startInProcess, type InProcessGateway, type InProcessOptions } from './in-process-gateway.ts';

export interface BackendSpec {
  readonly models?: readonly ModelSpec[];
  /** Default `openai-compatible`. */
  readonly type?: BackendType;
  /** Further keys of its endpoint in the configuration file. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly respond?: Respond;
}

export interface GatewayWithBackends<Name extends string> {
  readonly gateway: InProcessGateway;
  readonly backends: Readonly<Record<Name, RawBackend>>;
  /** Sends these bytes on a connection of their own and reads one response. */
  send(bytes: string | Buffer): Promise<RawResponse>;
  /** Sends a chat for this model. */
  chat(model: string, headers?: readonly string[]): Promise<RawResponse>;
  /** A connection to the gateway; closed with the test. */
  connect(): Promise<RawConnection>;
  /** The body of a GET, which is JSON and answered with 200. */
  get<T>(path: string): Promise<T>;
  /** `GET /internal/status` */
  status(): Promise<StatusBody>;
  /** Requests in flight by endpoint; those that have none are left out. */
  inFlight(): Promise<Record<string, number>>;
}

/** Starts a raw backend for each name and a gateway in front of them; all end with the test. */
export async function startWithBackends<Name extends string>(
  t: Pick<TestContext, 'after'>,
  specs: Readonly<Record<Name, BackendSpec>>,
  options: Omit<InProcessOptions, 'endpoints'> = {},
): Promise<GatewayWithBackends<Name>> {
  const entries = Object.entries(specs) as [Name, BackendSpec][];
  const started = await Promise.all(
    entries.map(async ([name, { respond }]) => {
      const backend = await startRawBackend({ models: [], ...(respond === undefined ? {} : { respond }) });
      return [name, backend] as const;
    }),
  );
  const backends = Object.fromEntries(started) as Record<Name, RawBackend>;
  const gateway = await startInProcess({
    ...options,
    endpoints: entries.map(([name, spec]) => ({ ...spec, name, url: backends[name].url })),
  });
  const clients: RawConnection[] = [];
  t.after(async () => {
    for (const client of clients) client.destroy();
    await gateway.stop();
    await Promise.all(started.map(([, backend]) => backend.close()));
  });
  const send = (bytes: string | Buffer): Promise<RawResponse> => sendRaw(gateway.port, bytes);
  const get = async <T>(path: string): Promise<T> => {
    // As an operator does it: under a name that the gateway knows for its own.
    const response = await send(requestBytes('GET', path).replace('gateway.test', 'gateway'));
    if (response.status !== 200) throw new Error(`GET ${path}: ${response.rawHead}${response.text()}`);
    return JSON.parse(response.text()) as T;
  };
  const status = (): Promise<StatusBody> => get('/internal/status');
  return {
    gateway,
    backends,
    send,
    chat: (model, headers) => send(postBytes(JSON.stringify({ model, messages: [] }), headers)),
    async connect() {
      const client = await openConnection(gateway.port);
      clients.push(client);
      return client;
    },
    get,
    status,
    async inFlight() {
      const busy = (await status()).endpoints.filter(({ connections }) => connections > 0);
      return Object.fromEntries(busy.map(({ name, connections }) => [name, connections]));
    },
  };
}
