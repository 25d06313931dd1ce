import type { EndpointSettings, Settings } from '@olla/config/schema';
import { endpoints as endpointsSchema } from '@olla/config/sections/endpoint';
import type { ServeOptions } from '@olla/gateway/serve';
import { settingsFromFlags, type LoadedSettings, type SettingsFlags } from './settings-from-flags.ts';

type EndpointSource = ServeOptions['source'];

interface FoundEndpoint {
  readonly name: string;
  readonly url: string;
  readonly type: string;
}

/**
 * Runs the gateway with the endpoints of the configuration, with backends found on this machine when it names none,
 * or with a simulated fleet. Resolves with the exit status.
 */
export async function runServe(flags: SettingsFlags, demo: boolean): Promise<number> {
  const loaded = await settingsFromFlags(flags);
  const { serve } = await import('@olla/gateway/serve');
  if (!demo) return serve({ ...(await withEndpoints(loaded)), notices: loaded.notices });
  const { startDemoFleet } = await import('./demo-fleet.ts');
  const fleet = await startDemoFleet();
  try {
    const settings = replaceEndpoints(loaded.settings, fleet.endpoints);
    return await serve({ settings, source: { kind: 'demo' }, notices: loaded.notices });
  } finally {
    await fleet.stop();
  }
}

async function withEndpoints(
  loaded: LoadedSettings,
): Promise<{ settings: Settings; source: EndpointSource }> {
  const { settings, source, endpointsGiven } = loaded;
  if (endpointsGiven) return { settings, source: { kind: 'file', file: source } };
  const { detectLocalBackends, LOCAL_PORTS } = await import('@olla/discovery/detect-local');
  const found = await detectLocalBackends();
  return {
    settings: replaceEndpoints(settings, found),
    source: { kind: 'detected', count: found.length, ports: LOCAL_PORTS },
  };
}

function replaceEndpoints(settings: Settings, endpoints: readonly FoundEndpoint[]): Settings {
  const complete: EndpointSettings[] = endpointsSchema.parse(
    endpoints.map(({ name, url, type }) => ({ name, url, type })),
  );
  return { ...settings, discovery: { ...settings.discovery, static: { endpoints: complete } } };
}
