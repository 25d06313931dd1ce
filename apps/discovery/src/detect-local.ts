import type { BackendType } from '@olla/core/backend-type';
import type { EndpointModel } from '@olla/core/snapshot';
import { parseJson } from '@olla/backends/reading/json';
import { PROFILES } from '@olla/backends/table';
import { detectType } from './detect-type.ts';
import { newProbeDispatcher, probe, type ProbeResult } from './probe.ts';

export interface LocalBackend {
  /** The type, with a number from the second server of a type on: `ollama`, `llamacpp-2`. */
  readonly name: string;
  readonly type: BackendType;
  readonly url: string;
  /** Null if the list of models could not be read in time. */
  readonly models: readonly EndpointModel[] | null;
}

export interface DetectLocalOptions {
  /** Time for the whole search. */
  readonly timeoutMs?: number;
  readonly ports?: readonly number[];
}

const DEFAULT_TIMEOUT_MS = 300;
const MAX_RESPONSE_BYTES = 1024 * 1024;

/** The default ports of all backend types. */
export const LOCAL_PORTS: readonly number[] = [
  ...new Set(PROFILES.flatMap(({ defaultPorts }) => defaultPorts)),
];

/**
 * Searches the default ports of this machine for inference servers, in parallel, over loopback. The type follows from
 * the responses, not from the port. A server of an unknown type, such as another Olla, is left out. Never rejects.
 */
export async function detectLocalBackends(options: DetectLocalOptions = {}): Promise<LocalBackend[]> {
  const { timeoutMs = DEFAULT_TIMEOUT_MS, ports = LOCAL_PORTS } = options;
  const deadline = performance.now() + timeoutMs;
  const dispatcher = newProbeDispatcher(timeoutMs);
  try {
    const found = await Promise.all(ports.map((port) => detectOn(port)));
    return withNames(found.filter((backend) => backend !== null));
  } finally {
    await dispatcher.destroy();
  }

  async function detectOn(port: number): Promise<Omit<LocalBackend, 'name'> | null> {
    const url = `http://127.0.0.1:${port}`;
    const probePath = (path: string): Promise<ProbeResult> =>
      probe(dispatcher, {
        url: url + path,
        headers: { 'user-agent': 'olla-agent' },
        timeoutMs: Math.max(deadline - performance.now(), 1),
        maxBytes: MAX_RESPONSE_BYTES,
        truncate: true,
      });
    // One probe first, so that a closed port costs one connection instead of a dozen.
    const first = await probePath('/version');
    if (first.kind !== 'response' || isOlla(first)) return null;
    const { profile, results } = await detectType(probePath);
    if (profile === null) return null;
    const list = results.get(profile.modelsPath) ?? (await probePath(profile.modelsPath));
    const body =
      list.kind === 'response' && list.response.status === 200 ? parseJson(list.response.body) : undefined;
    const { models, problem } = profile.readModels(body);
    return { type: profile.type, url, models: problem === null ? models : null };
  }
}

function isOlla(result: ProbeResult & { kind: 'response' }): boolean {
  const body = parseJson(result.response.body);
  return typeof body === 'object' && body !== null && 'name' in body && body.name === 'Olla';
}

function withNames(backends: readonly Omit<LocalBackend, 'name'>[]): LocalBackend[] {
  const counts = new Map<string, number>();
  return backends.map((backend) => {
    const count = (counts.get(backend.type) ?? 0) + 1;
    counts.set(backend.type, count);
    return { name: count === 1 ? backend.type : `${backend.type}-${count}`, ...backend };
  });
}
