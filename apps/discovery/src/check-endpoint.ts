import type { BackendProfile } from '@olla/backends/profile';
import { checkStatus } from '@olla/backends/reading/health';
import { parseJson } from '@olla/backends/reading/json';
import type { EndpointSettings } from '@olla/config/schema';
import type { EndpointModel } from '@olla/core/snapshot';
import { detectType } from './detect-type.ts';
import type { CheckOutcome } from './endpoint-health.ts';
import type { EndpointClient } from './endpoint-client.ts';
import { MAX_LIST_BYTES } from './list-models.ts';
import type { ProbeResult } from './probe.ts';

const MAX_HEALTH_BYTES = 64 * 1024;
const MAX_DETECT_BYTES = 1024 * 1024;

export interface Checked {
  readonly outcome: CheckOutcome;
  readonly profile: BackendProfile | null;
  readonly models: readonly EndpointModel[] | null;
}

/**
 * Makes one health check of an endpoint. Never rejects.
 *
 * @param profile null for an `auto` endpoint whose type must be found first
 * @returns the outcome, the profile that is known then, and the models where the health check is the model list
 */
export async function checkEndpoint(
  client: EndpointClient,
  profile: BackendProfile | null,
  timeoutMs: number,
): Promise<Checked> {
  if (profile !== null) return checkHealth(client, profile, timeoutMs);
  const probePath = (path: string): Promise<ProbeResult> =>
    client.probe(null, path, { timeoutMs, maxBytes: MAX_DETECT_BYTES, truncate: true });
  const { profile: found, results } = await detectType(probePath);
  if (found !== null) return checkHealth(client, found, timeoutMs);
  return { outcome: explainUndetected([...results.values()]), profile: null, models: null };
}

/** Whether the health check of an endpoint requests its model list. */
export function checksByList(
  { health_check_url, model_url }: EndpointSettings,
  profile: BackendProfile,
): boolean {
  return health_check_url === null && model_url === null && profile.healthPath === profile.modelsPath;
}

async function checkHealth(
  client: EndpointClient,
  profile: BackendProfile,
  timeoutMs: number,
): Promise<Checked> {
  const isList = checksByList(client.endpoint, profile);
  const options = { timeoutMs, maxBytes: isList ? MAX_LIST_BYTES : MAX_HEALTH_BYTES, truncate: true };
  const result = await client.probe(client.endpoint.health_check_url, profile.healthPath, options);
  if (result.kind !== 'response') return { outcome: result, profile, models: null };
  const { latencyMs, response } = result;
  const verdict = profile.checkHealth(response);
  if (!verdict.ok) return { outcome: { kind: 'failed', verdict, latencyMs }, profile, models: null };
  const body = isList ? parseJson(response.body) : undefined;
  const list = isList ? profile.readModels(body) : null;
  const models = list === null || list.problem !== null ? null : list.models;
  return { outcome: { kind: 'passed', latencyMs }, profile, models };
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
