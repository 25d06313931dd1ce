import { createServer, type Socket } from 'node:net';
import { createPacer } from './fast/pacer.ts';
import { createRequestReader, type FastRequest } from './fast/request-reader.ts';
import type { FleetServer } from './fleet.ts';
import type { ServerSpec } from './fleet-spec.ts';
import type { Counters } from './http/request-log.ts';

const DEFAULTS = { chunks: 64, chunkIntervalMs: 20, bodyBytes: 1024 };

/**
 * A backend for measuring others: no physics, next to no work for a request. `GET …/models` lists its models,
 * any other GET is healthy, a POST that asks for a stream gets paced SSE chunks, any other POST (uploads of
 * any size) a fixed JSON body. It knows no faults and keeps no requests.
 */
export async function startFastServer(spec: ServerSpec): Promise<FleetServer & { close(): Promise<void> }> {
  const pace = {
    chunks: spec.fast?.chunks ?? DEFAULTS.chunks,
    chunkIntervalMs: spec.fast?.chunkIntervalMs ?? DEFAULTS.chunkIntervalMs,
    bodyBytes: spec.fast?.bodyBytes ?? DEFAULTS.bodyBytes,
  };
  const models = (spec.models ?? ['fast']).map((model) => (typeof model === 'string' ? model : model.name));
  const counters: Counters = {
    received: 0,
    answered: 0,
    clientLeft: 0,
    brokenOff: 0,
    bodyBytes: 0,
    connections: 0,
    maxActive: 0,
  };
  const answers = prepareAnswers(models, pace.bodyBytes);
  const pacer = createPacer(pace.chunkIntervalMs);
  const sockets = new Set<Socket>();
  let active = 0;

  const stream = (socket: Socket): void => {
    counters.maxActive = Math.max(counters.maxActive, ++active);
    socket.write(answers.streamHead);
    let left = pace.chunks;
    const settle = (outcome: 'answered' | 'clientLeft'): void => {
      active--;
      counters[outcome]++;
      socket.off('close', leave);
    };
    const leave = (): void => {
      stop();
      settle('clientLeft');
    };
    const stop = pacer.add(() => {
      if (left-- > 0) {
        socket.write(answers.chunk);
        return true;
      }
      socket.write(answers.streamEnd);
      settle('answered');
      return false;
    });
    socket.once('close', leave);
  };

  const answer = (socket: Socket, request: FastRequest): void => {
    counters.received++;
    counters.bodyBytes += request.bodyBytes;
    if (request.method === 'POST' && request.stream) return stream(socket);
    counters.answered++;
    socket.write(
      request.method === 'POST'
        ? answers.json
        : request.target.includes('models')
          ? answers.models
          : answers.health,
    );
  };

  const server = createServer({ noDelay: true }, (socket) => {
    counters.connections++;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined); // the client's reset; 'close' follows
    socket.on(
      'data',
      createRequestReader((request) => answer(socket, request)),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port: spec.port ?? 0, host: '127.0.0.1', backlog: 4096 }, resolve);
  });
  const address = server.address();
  const port = address !== null && typeof address === 'object' ? address.port : (spec.port ?? 0);
  const url = `http://127.0.0.1:${port}`;
  const refuse = (): never => {
    throw new Error(
      `simulated server "${spec.name}" is of type fast: it has no faults, no changing models, no memory of requests`,
    );
  };

  return {
    name: spec.name,
    type: 'fast',
    url,
    port,
    snapshot: () => ({
      name: spec.name,
      type: 'fast',
      url,
      port,
      models: models.map((name) => ({ name, resident: true })),
      active,
      running: active,
      waiting: 0,
      openConnections: sockets.size,
      counters: { ...counters },
      faults: [],
    }),
    addFault: refuse,
    clearFaults: refuse,
    requests: () => [],
    captureBodies: refuse,
    resetCounters() {
      Object.assign(counters, {
        received: 0,
        answered: 0,
        clientLeft: 0,
        brokenOff: 0,
        bodyBytes: 0,
        connections: 0,
        maxActive: active,
      });
    },
    addModel: refuse,
    removeModel: refuse,
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

function prepareAnswers(models: readonly string[], bodyBytes: number) {
  const whole = (contentType: string, body: string): Buffer =>
    Buffer.from(
      `HTTP/1.1 200 OK\r\nContent-Type: ${contentType}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
  const model = models[0] ?? 'fast';
  const created = Math.floor(Date.now() / 1000);
  const event = (data: string): string => {
    const text = `data: ${data}\n\n`;
    return `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
  };
  const chunk = {
    id: 'chatcmpl-fast',
    object: 'chat.completion.chunk',
    created,
    model,
    choices: [{ index: 0, delta: { content: ' word' }, finish_reason: null }],
  };
  return {
    health: whole('application/json', '{"status":"ok"}'),
    models: whole(
      'application/json',
      JSON.stringify({
        object: 'list',
        data: models.map((id) => ({ id, object: 'model', created, owned_by: 'fast' })),
      }),
    ),
    json: whole('application/json', fillChat(model, created, bodyBytes)),
    streamHead: Buffer.from(
      'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n\r\n',
    ),
    chunk: Buffer.from(event(JSON.stringify(chunk))),
    streamEnd: Buffer.from(`${event('[DONE]')}0\r\n\r\n`),
  };
}

/** A chat answer of exactly so many bytes, or its least size. */
function fillChat(model: string, created: number, bytes: number): string {
  const of = (content: string): string =>
    JSON.stringify({
      id: 'chatcmpl-fast',
      object: 'chat.completion',
      created,
      model,
      choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 16, completion_tokens: 64, total_tokens: 80 },
    });
  return of('x'.repeat(Math.max(0, bytes - of('').length)));
}
