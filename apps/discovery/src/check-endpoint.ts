import type { BackendProfile } from '@olla/backends/profile';
import { checkStatus } from '@olla/backends/reading/health';
import { detectType } from './detect-type.ts';
import type { CheckOutcome } from './endpoint-health.ts';
import type { EndpointLink } from './endpoint-link.ts';
import type { ProbeResult } from './probe.ts';

const MAX_HEALTH_BYTES = 64 * 1024;
const MAX_DETECT_BYTES = 1024 * 1024;

/**
 * One health check. Never rejects.
 *
 * @param profile null for an `auto` endpoint whose type is to be found out first
 */
export async function checkEndpoint(
  link: EndpointLink,
  profile: BackendProfile | null,
  timeoutMs: number,
): Promise<{ readonly outcome: CheckOutcome; readonly profile: BackendProfile | null }> {
  if (profile !== null) return { outcome: await checkHealth(link, profile, timeoutMs), profile };
  const ask = (path: string): Promise<ProbeResult> =>
    link.get(null, path, { timeoutMs, maxBytes: MAX_DETECT_BYTES, cut: true });
  const { profile: found, results } = await detectType(ask);
  if (found !== null) return { outcome: await checkHealth(link, found, timeoutMs), profile: found };
  return { outcome: whyNotFound([...results.values()]), profile: null };
}

async function checkHealth(
  link: EndpointLink,
  profile: BackendProfile,
  timeoutMs: number,
): Promise<CheckOutcome> {
  const options = { timeoutMs, maxBytes: MAX_HEALTH_BYTES, cut: true };
  const result = await link.get(link.endpoint.health_check_url, profile.healthPath, options);
  if (result.kind !== 'answer') return result;
  const verdict = profile.checkHealth(result.answer);
  const { latencyMs } = result;
  return verdict.ok ? { kind: 'ok', latencyMs } : { kind: 'refused', verdict, latencyMs };
}

function whyNotFound(results: readonly ProbeResult[]): CheckOutcome {
  let latencyMs = 0;
  let answered = false;
  for (const result of results) {
    if (result.kind !== 'answer') continue;
    answered = true;
    latencyMs = Math.max(latencyMs, result.latencyMs);
    const verdict = checkStatus(result.answer);
    if (!verdict.ok && verdict.state !== 'unhealthy') return { kind: 'refused', verdict, latencyMs };
  }
  if (answered) {
    const reason = 'answers, but as no server that type: auto knows; set its type in the configuration';
    return { kind: 'refused', verdict: { ok: false, state: 'unhealthy', reason }, latencyMs };
  }
  const first = results.find((result) => result.kind !== 'answer');
  return first ?? { kind: 'silent', reason: 'nothing to ask' };
}
