import { createScaledClock } from './engine/clock.ts';
import { createRandom, hashText } from './engine/random.ts';
import type { FleetSpec, ServerSpec } from './fleet-spec.ts';
import type { Exchange } from './http/exchange.ts';
import { FaultyServer } from './http/faulty-server.ts';
import { buildModel } from './model.ts';
import { createServerState, type ServerState } from './server-state.ts';
import { FastServer } from './servers/fast/fast-server.ts';
import { createLlamaCpp } from './servers/llamacpp/llamacpp.ts';
import { serveLmStudio } from './servers/lm-studio.ts';
import { serveOllama } from './servers/ollama/ollama.ts';
import { createOpenAiCompatible } from './servers/openai-compatible.ts';
import { serveVllm } from './servers/vllm.ts';
import type { ServerSnapshot, StartedServer } from './simulated-server.ts';

export type FleetSettings = Omit<FleetSpec, 'servers'>;

const DEFAULT_SEED = 1;
const DEFAULT_KEPT_REQUESTS = 256;
/** Servers written in Go never close an idle connection; uvicorn, Node and cpp-httplib do after 5 s. */
const IDLE_TIMEOUT_MS = 5_000;

/** Starts one server of a fleet. Rejects with the listener's error when its port is taken. */
export async function startServer(spec: ServerSpec, settings: FleetSettings): Promise<StartedServer> {
  if (spec.type === 'fast') return FastServer.start(spec);
  const seed = settings.seed ?? DEFAULT_SEED;
  const timeScale = settings.timeScale ?? 1;
  const clock = createScaledClock(timeScale);
  const state = createServerState(spec, seed, { clock, timeScale });
  const writtenInGo = spec.type === 'ollama' || spec.type === 'docker-model-runner';
  const server = await FaultyServer.start({
    name: spec.name,
    port: spec.port ?? 0,
    idleTimeoutMs: writtenInGo ? 0 : IDLE_TIMEOUT_MS,
    random: createRandom(hashText(`${spec.name} faults`, seed)),
    keepRequests: settings.keepRequests ?? DEFAULT_KEPT_REQUESTS,
    handle: createHandler(state),
  });
  for (const fault of spec.faults ?? []) server.faults.add(fault);
  await server.faultsApplied();
  const url = `http://127.0.0.1:${server.port}`;
  return {
    name: spec.name,
    type: spec.type,
    url,
    port: server.port,
    snapshot: () => takeSnapshot(state, server, url),
    async addFault(fault) {
      const added = server.faults.add(fault);
      await server.faultsApplied();
      return added;
    },
    async clearFaults(id) {
      server.faults.clear(id);
      await server.faultsApplied();
    },
    requests: (limit = Infinity) => server.log.last(limit),
    captureBodies(on) {
      server.log.captureBodies = on;
    },
    resetCounters: () => server.log.reset(),
    addModel: (model) => state.addModel(buildModel(model, spec)),
    removeModel: (name) => state.removeModel(name),
    crash() {
      server.dropConnections();
      state.engine.crash();
      state.restart();
    },
    async close() {
      await server.close();
      clock.stop();
    },
  };
}

function takeSnapshot(state: ServerState, server: FaultyServer, url: string): ServerSnapshot {
  const { spec, engine, models } = state;
  const ready = engine.residents().filter((resident) => resident.state === 'ready');
  const resident = new Set(ready.map(({ model }) => model));
  return {
    name: spec.name,
    type: spec.type,
    url,
    port: server.port,
    models: [...models.keys()].map((name) => ({ name, resident: resident.has(name) })),
    active: server.log.active,
    ...engine.requestCounts(),
    openConnections: server.openConnections,
    counters: { ...server.log.counters },
    faults: server.faults.list(),
  };
}

function createHandler(state: ServerState): (exchange: Exchange) => void | Promise<void> {
  const { type } = state.spec;
  if (type === 'llamacpp') return createLlamaCpp(state);
  const serve =
    type === 'ollama'
      ? serveOllama
      : type === 'vllm'
        ? serveVllm
        : type === 'lm-studio'
          ? serveLmStudio
          : createOpenAiCompatible(type);
  return (exchange) => serve(exchange, state);
}
