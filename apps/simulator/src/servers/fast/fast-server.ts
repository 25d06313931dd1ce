import { createServer, type Server, type Socket } from 'node:net';
import type { ServerSpec } from '../../fleet-spec.ts';
import { newCounters } from '../../http/request-log.ts';
import type { ServerSnapshot, StartedServer } from '../../simulated-server.ts';
import { createPacer } from './pacer.ts';
import { prepareResponses } from './prepared-responses.ts';
import { createRequestReader, type FastRequest } from './request-reader.ts';

/**
 * Starts a backend for benchmarks, which does next to no work for a request. `GET …/models` lists its models and any
 * other GET answers as healthy. A POST that asks for a stream gets paced SSE chunks, any other POST a fixed JSON body.
 * It has no faults and records no requests.
 */
export async function startFastServer(spec: ServerSpec): Promise<StartedServer> {
  const { chunks = 64, chunkIntervalMs = 20, bodyBytes = 1024 } = spec.fast ?? {};
  const models = (spec.models ?? ['fast']).map((model) => (typeof model === 'string' ? model : model.name));
  const counters = newCounters();
  const responses = prepareResponses(models, bodyBytes);
  const pacer = createPacer(chunkIntervalMs);
  const sockets = new Set<Socket>();
  let active = 0;

  const stream = (socket: Socket): void => {
    counters.maxActive = Math.max(counters.maxActive, ++active);
    socket.write(responses.streamHead);
    let left = chunks;
    const settle = (outcome: 'answered' | 'clientLeft'): void => {
      active--;
      counters[outcome]++;
      socket.off('close', onClose);
    };
    const onClose = (): void => {
      stop();
      settle('clientLeft');
    };
    const stop = pacer.add(() => {
      if (left-- > 0) {
        socket.write(responses.streamChunk);
        return true;
      }
      socket.write(responses.streamEnd);
      settle('answered');
      return false;
    });
    socket.once('close', onClose);
  };

  const respond = (socket: Socket, request: FastRequest): void => {
    counters.received++;
    counters.bodyBytes += request.bodyBytes;
    if (request.method === 'POST' && request.stream) return stream(socket);
    counters.answered++;
    if (request.method === 'POST') socket.write(responses.completion);
    else socket.write(request.target.includes('models') ? responses.models : responses.health);
  };

  const server = createServer({ noDelay: true }, (socket) => {
    counters.connections++;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined); // a reset by the client; 'close' follows
    socket.on(
      'data',
      createRequestReader((request) => respond(socket, request)),
    );
  });
  const port = await listen(server, spec.port ?? 0);
  const identity = { name: spec.name, type: spec.type, url: `http://127.0.0.1:${port}`, port };
  const snapshot = (): ServerSnapshot => ({
    ...identity,
    models: models.map((name) => ({ name, resident: true })),
    active,
    running: active,
    waiting: 0,
    openConnections: sockets.size,
    counters: { ...counters },
    faults: [],
  });
  return {
    ...identity,
    ...unsupported(spec.name),
    snapshot,
    requests: () => [],
    resetCounters: () => void Object.assign(counters, newCounters(active)),
    crash() {
      for (const socket of sockets) socket.resetAndDestroy();
    },
    async close() {
      pacer.close();
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** Listens on loopback and resolves with the port. The backlog holds the connections of a whole load test. */
async function listen(server: Server, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host: '127.0.0.1', backlog: 4096 }, resolve);
  });
  const address = server.address();
  return address !== null && typeof address === 'object' ? address.port : port;
}

function unsupported(name: string) {
  const refuse = (): never => {
    throw new Error(
      `simulated server "${name}" has the type fast, which has no faults, fixed models and no record of requests. Use another type`,
    );
  };
  return {
    addFault: refuse,
    clearFaults: refuse,
    captureBodies: refuse,
    addModel: refuse,
    removeModel: refuse,
  };
}
