import type { Gateway } from '@olla/testing/olla-process';
import {
  jsonResponse,
  startRawBackend,
  whenComplete,
  type Respond,
  type RawBackend,
} from '@olla/testing/raw-backend';
import { sendRaw, type RawResponse } from '@olla/testing/raw-http';
import { CHAT, postBytes, requestBytes } from '@olla/testing/request-bytes';
import { endpointConfig, startGatewayFor } from './start-gateway-for.ts';

/** One server of each type in the contract, each with a model of its own. */
export const SERVERS = {
  desk: { type: 'ollama', model: 'Desk-Model:1B' },
  studio: { type: 'lm-studio', model: 'studio-model' },
  cards: { type: 'vllm', model: 'org/Cards-Model' },
  compat: { type: 'openai-compatible', model: 'compat-model' },
  gone: { type: 'openai-compatible', model: 'gone-model' },
} as const;
export type ServerName = keyof typeof SERVERS;

export interface ContractFleet {
  readonly gateway: Gateway;
  readonly servers: Readonly<Record<ServerName, RawBackend>>;
  /** Sets how the servers respond to all requests but probes. */
  setRespond(respond: Respond): void;
  close(): Promise<void>;
}

/** Makes the gateway throw for a request with `?own-fault`. */
const OWN_FAULT = `globalThis.URLSearchParams = class extends URLSearchParams {
  constructor(init) { if (String(init).includes('own-fault')) throw new Error('inside /srv/secret.ts'); super(init); }
};`;

/** Starts a gateway with two workers and five servers, and stops the server `gone`. */
export async function startContractFleet(): Promise<ContractFleet> {
  let respond: Respond = ({ socket }) => void socket.write(jsonResponse({ ok: true }));
  const servers = {} as Record<ServerName, RawBackend>;
  for (const name of Object.keys(SERVERS) as ServerName[]) {
    servers[name] = await startRawBackend({
      models: [SERVERS[name].model],
      respond: (request) =>
        PROBED.has(request.target)
          ? request.socket.write(jsonResponse(everyListing(SERVERS[name].model)))
          : whenComplete(request, () => respond(request)),
    });
  }
  const gateway = await startGatewayFor({
    endpoints: Object.entries(servers).map(([name, backend]) =>
      endpointConfig(name, backend, { type: SERVERS[name as ServerName].type }),
    ),
    models: Object.values(SERVERS).map(({ model }) => model),
    env: { NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(OWN_FAULT)}` },
  });
  await servers.gone.close();
  return {
    gateway,
    servers,
    setRespond: (next) => void (respond = next),
    async close() {
      await gateway.stop();
      for (const [name, backend] of Object.entries(servers)) if (name !== 'gone') await backend.close();
    },
  };
}

/** Paths that discovery requests. */
const PROBED: ReadonlySet<string> = new Set([
  '/',
  '/health',
  '/version',
  '/api/version',
  '/api/tags',
  '/api/ps',
  '/api/v1/models',
  '/api/v0/models',
]);

/** One response body that holds the version and model list of every server type. */
function everyListing(model: string): object {
  return {
    version: '0.9.0',
    data: [{ id: model, object: 'model' }],
    models: [{ name: model, model, key: model }],
  };
}

export const SYSTEM = ['/internal/health', '/internal/status', '/internal/process', '/version'];

/** Sends requests that get every kind of response: relayed, listings, system endpoints, errors and preflights. */
export async function everyKindOfResponse(port: number): Promise<RawResponse[]> {
  const preflight = ['Origin: http://a.test', 'Access-Control-Request-Method: POST'];
  const paths = [...SYSTEM, '/olla/models', '/olla/vllm/v1/models', '/', '/olla/nope/x', '/internal/nope'];
  const requests = [
    postBytes(`{"model":"${SERVERS.compat.model}"}`),
    postBytes(`{"model":"${SERVERS.gone.model}"}`),
    postBytes('{"model":"no-such"}'),
    postBytes('[]'),
    requestBytes('HEAD', '/olla/models'),
    requestBytes('OPTIONS', CHAT, preflight),
    requestBytes('DELETE', '/internal/health'),
    requestBytes('GET', '/internal/status?own-fault'),
    ...paths.map((path) => requestBytes('GET', path)),
    ...paths.map((path) => requestBytes('GET', path, ['Origin: http://a.test'])),
    'GET /x y HTTP/1.1\r\n\r\n',
    'GET /version HTTP/1.0\r\n\r\n',
  ];
  return Promise.all(requests.map((bytes) => sendRaw(port, bytes)));
}
