import type { BackendType } from '@olla/core/backend-type';
import type { EndpointModel } from '@olla/core/snapshot';
import { parseJson } from '@olla/backends/reading/json';
import { PROFILES } from '@olla/backends/table';
import { detectType } from './detect-type.ts';
import { newProbeDispatcher, probe } from './probe.ts';
import type { ProbeResult } from './probe.ts';

export interface LocalBackend {
  /** `ollama`, `llamacpp-2`: the type, counted from the second of a type on. */
  readonly name: string;
  readonly type: BackendType;
  readonly url: string;
  /** Names that its list told; null if it was not read in time. */
  readonly models: readonly EndpointModel[] | null;
}

export interface DetectLocalOptions {
  /** For everything together. */
  readonly timeoutMs?: number;
  readonly ports?: readonly number[];
}

const DEFAULT_TIMEOUT_MS = 300;
const MAX_ANSWER_BYTES = 1024 * 1024;

/** The ports that inference servers have by default. */
export const LOCAL_PORTS: readonly number[] = [
  ...new Set(Object.values(PROFILES).flatMap(({ defaultPorts }) => defaultPorts)),
];

/**
 * Looks for inference servers on this machine's usual ports, all at once, over loopback. The answer decides the type,
 * not the port; what answers like none of them (another Olla, for one) is left out. Never rejects.
 */
export async function detectLocalBackends(options: DetectLocalOptions = {}): Promise<LocalBackend[]> {
  const { timeoutMs = DEFAULT_TIMEOUT_MS, ports = LOCAL_PORTS } = options;
  const deadline = performance.now() + timeoutMs;
  const dispatcher = newProbeDispatcher(timeoutMs);
  try {
    const found = await Promise.all(ports.map((port) => detectOn(port)));
    return nameAll(found.filter((backend) => backend !== null));
  } finally {
    await dispatcher.destroy();
  }

  async function detectOn(port: number): Promise<Omit<LocalBackend, 'name'> | null> {
    const url = `http://127.0.0.1:${port}`;
    const ask = (path: string): Promise<ProbeResult> =>
      probe(dispatcher, {
        url: url + path,
        headers: { 'user-agent': 'olla-agent' },
        timeoutMs: Math.max(deadline - performance.now(), 1),
        maxBytes: MAX_ANSWER_BYTES,
        cut: true,
      });
    // One question first: a port that nobody listens on is not asked a dozen times.
    const first = await ask('/version');
    if (first.kind !== 'answer' || isOlla(first)) return null;
    const { profile, results } = await detectType(ask);
    if (profile === null) return null;
    const listed = results.get(profile.modelsPath) ?? (await ask(profile.modelsPath));
    const body =
      listed.kind === 'answer' && listed.answer.status === 200 ? parseJson(listed.answer.body) : undefined;
    return { type: profile.type, url, models: profile.isModelList(body) ? profile.parseModels(body) : null };
  }
}

function isOlla(result: ProbeResult & { kind: 'answer' }): boolean {
  const body = parseJson(result.answer.body);
  return typeof body === 'object' && body !== null && 'name' in body && body.name === 'Olla';
}

function nameAll(backends: readonly Omit<LocalBackend, 'name'>[]): LocalBackend[] {
  const counts = new Map<string, number>();
  return backends.map((backend) => {
    const count = (counts.get(backend.type) ?? 0) + 1;
    counts.set(backend.type, count);
    return { name: count === 1 ? backend.type : `${backend.type}-${count}`, ...backend };
  });
}
