import { startControlApi, type ControlApi } from './control-api.ts';
import { startFastServer } from './fast-server.ts';
import type { Fleet, FleetServer } from './fleet.ts';
import { parseFleetSpec, type FleetSpec, type ServerSpec } from './fleet-spec.ts';
import type { Exchange } from './http/exchange.ts';
import { startSimulatedServer } from './http/simulated-server.ts';
import { buildModel } from './model.ts';
import { createScaledClock } from './physics/clock.ts';
import { createRandom, hashText } from './physics/random.ts';
import { createServerState, type ServerState } from './server-state.ts';
import { createLlamaCpp } from './servers/llamacpp/llamacpp.ts';
import { serveLmStudio } from './servers/lm-studio.ts';
import { serveOllama } from './servers/ollama/ollama.ts';
import { createThinServer } from './servers/thin.ts';
import { serveVllm } from './servers/vllm.ts';

const DEFAULT_SEED = 1;

/**
 * Starts every server of a fleet in this process. Fails with the listener's error, all ports closed
 * again, when one of the ports is taken.
 */
export async function startFleet(spec: FleetSpec): Promise<Fleet> {
  const { servers: serverSpecs, ...settings } = parseFleetSpec(spec);
  const started: StartedServer[] = [];
  let control: ControlApi | undefined;
  const close = async (): Promise<void> => {
    await Promise.all([control?.close(), ...started.map((server) => server.close())]);
  };
  const fleet: Fleet = {
    servers: started,
    server(name) {
      const found = started.find((server) => server.name === name);
      if (found === undefined)
        throw new RangeError(
          `no simulated server "${name}"; there are ${started.map((server) => server.name).join(', ')}`,
        );
      return found;
    },
    get controlUrl() {
      return control?.url;
    },
    close,
  };
  try {
    for (const server of serverSpecs) started.push(await startServer(server, settings));
    if (settings.controlPort !== undefined) control = await startControlApi(fleet, settings.controlPort);
  } catch (error) {
    await close();
    throw error;
  }
  return fleet;
}

interface StartedServer extends FleetServer {
  close(): Promise<void>;
}

async function startServer(spec: ServerSpec, settings: Omit<FleetSpec, 'servers'>): Promise<StartedServer> {
  if (spec.type === 'fast') return startFastServer(spec);
  const seed = settings.seed ?? DEFAULT_SEED;
  const timeScale = settings.timeScale ?? 1;
  const clock = createScaledClock(timeScale);
  const state = createServerState(spec, seed, { clock, timeScale });
  const server = await startSimulatedServer({
    name: spec.name,
    port: spec.port ?? 0,
    habits: { idleTimeoutMs: spec.type === 'ollama' || spec.type === 'docker-model-runner' ? 0 : 5_000 },
    random: createRandom(hashText(`${spec.name} faults`, seed)),
    keepRequests: settings.keepRequests ?? 256,
    handle: behaviourOf(state),
  });
  for (const fault of spec.faults ?? []) server.faults.add(fault);
  await server.settled();
  const url = `http://127.0.0.1:${server.port}`;
  return {
    name: spec.name,
    type: spec.type,
    url,
    port: server.port,
    snapshot() {
      const resident = new Set(
        state.engine
          .residents()
          .filter((held) => held.state === 'ready')
          .map((held) => held.model),
      );
      return {
        name: spec.name,
        type: spec.type,
        url,
        port: server.port,
        models: [...state.models.keys()].map((name) => ({ name, resident: resident.has(name) })),
        active: server.log.active,
        ...state.engine.load(),
        openConnections: server.openConnections,
        counters: { ...server.log.counters },
        faults: server.faults.list(),
      };
    },
    async addFault(fault) {
      const added = server.faults.add(fault);
      await server.settled();
      return added;
    },
    async clearFaults(id) {
      server.faults.clear(id);
      await server.settled();
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

function behaviourOf(state: ServerState): (exchange: Exchange) => void | Promise<void> {
  const { type } = state.spec;
  if (type === 'llamacpp') return createLlamaCpp(state);
  const serve =
    type === 'ollama'
      ? serveOllama
      : type === 'vllm'
        ? serveVllm
        : type === 'lm-studio'
          ? serveLmStudio
          : createThinServer(type);
  return (exchange) => serve(exchange, state);
}
