import type { BackendProfile } from '@olla/backends/profile';
import { checkStatus } from '@olla/backends/reading/health';
import { detectType } from './detect-type.ts';
import type { CheckOutcome } from './endpoint-health.ts';
import type { EndpointClient } from './endpoint-client.ts';
import type { ProbeResult } from './probe.ts';

const MAX_HEALTH_BYTES = 64 * 1024;
const MAX_DETECT_BYTES = 1024 * 1024;

/**
 * Makes one health check of an endpoint. Never rejects.
 *
 * @param profile null for an `auto` endpoint whose type must be found first
 * @returns the outcome, and the profile that is known then
 */
export async function checkEndpoint(
  client: EndpointClient,
  profile: BackendProfile | null,
  timeoutMs: number,
): Promise<{ readonly outcome: CheckOutcome; readonly profile: BackendProfile | null }> {
  if (profile !== null) return { outcome: await checkHealth(client, profile, timeoutMs), profile };
  const probePath = (path: string): Promise<ProbeResult> =>
    client.probe(null, path, { timeoutMs, maxBytes: MAX_DETECT_BYTES, truncate: true });
  const { profile: found, results } = await detectType(probePath);
  if (found !== null) return { outcome: await checkHealth(client, found, timeoutMs), profile: found };
  return { outcome: explainUndetected([...results.values()]), profile: null };
}

async function checkHealth(
  client: EndpointClient,
  profile: BackendProfile,
  timeoutMs: number,
): Promise<CheckOutcome> {
  const options = { timeoutMs, maxBytes: MAX_HEALTH_BYTES, truncate: true };
  const result = await client.probe(client.endpoint.health_check_url, profile.healthPath, options);
  if (result.kind !== 'response') return result;
  const verdict = profile.checkHealth(result.response);
  const { latencyMs } = result;
  return verdict.ok ? { kind: 'passed', latencyMs } : { kind: 'failed', verdict, latencyMs };
}

/** Why no type was found: from the first response that denies access, or the first failure. */
function explainUndetected(results: readonly ProbeResult[]): CheckOutcome {
  let latencyMs = 0;
  let responded = false;
  for (const result of results) {
    if (result.kind !== 'response') continue;
    responded = true;
    latencyMs = Math.max(latencyMs, result.latencyMs);
    const verdict = checkStatus(result.response);
    if (!verdict.ok && verdict.state !== 'unhealthy') return { kind: 'failed', verdict, latencyMs };
  }
  if (responded) {
    const reason = 'answers like no server that `type: auto` knows. Set its type in the configuration';
    return { kind: 'failed', verdict: { ok: false, state: 'unhealthy', reason }, latencyMs };
  }
  const first = results.find((result) => result.kind !== 'response');
  return first ?? { kind: 'no-response', reason: 'no path to probe' };
}
