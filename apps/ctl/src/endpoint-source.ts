import type { EndpointSettings, Settings } from '@olla/config/schema';
import type { EndpointSource } from '@olla/gateway/announce';

export interface PreparedEndpoints {
  readonly settings: Settings;
  readonly source: EndpointSource;
  /** Ends what was started for them. */
  readonly release: () => Promise<void>;
}

const nothing = (): Promise<void> => Promise.resolve();

/**
 * Decides which endpoints a gateway serves: those of its file; with `--demo` a simulated fleet, started here; without
 * any named, those that answer on this machine's usual ports.
 */
export async function prepareEndpoints(
  settings: Settings,
  given: { readonly file: string | null; readonly endpointsGiven: boolean; readonly demo: boolean },
): Promise<PreparedEndpoints> {
  if (given.demo) return startDemo(settings);
  if (given.endpointsGiven) return { settings, source: { kind: 'file', file: given.file }, release: nothing };
  const { detectLocalBackends, LOCAL_PORTS } = await import('@olla/discovery/detect-local');
  const found = await detectLocalBackends({
    ports: LOCAL_PORTS.filter((port) => port !== settings.server.port),
  });
  const endpoints = await Promise.all(found.map(({ name, url, type }) => endpoint({ name, url, type })));
  return {
    settings: withEndpoints(settings, endpoints),
    source: { kind: 'detected', count: found.length, ports: LOCAL_PORTS },
    release: nothing,
  };
}

async function startDemo(settings: Settings): Promise<PreparedEndpoints> {
  const [{ startFleet }, { demoFleetSpec }] = await Promise.all([
    import('@olla/simulator/fleet'),
    import('@olla/simulator/demo-fleet'),
  ]);
  const fleet = await startFleet(demoFleetSpec());
  const endpoints = await Promise.all(
    fleet.servers.map(({ name, url, type }) => endpoint({ name, url, type, check_interval: '1s' })),
  );
  return {
    settings: withEndpoints(settings, endpoints),
    source: { kind: 'demo' },
    release: () => fleet.close(),
  };
}

/** An endpoint with the defaults that a file would get. */
async function endpoint(keys: Record<string, unknown>): Promise<EndpointSettings> {
  const { endpoint: schema } = await import('@olla/config/sections/endpoint');
  return schema.parse(keys);
}

function withEndpoints(settings: Settings, endpoints: EndpointSettings[]): Settings {
  return {
    ...settings,
    discovery: { ...settings.discovery, static: { ...settings.discovery.static, endpoints } },
  };
}
