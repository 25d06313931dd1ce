import type { BackendProfile } from '@olla/backends/profile';
import { checkStatus } from '@olla/backends/reading/health';
import { parseJson } from '@olla/backends/reading/json';
import { matchesFilter, type NameFilter } from '@olla/config/glob';
import type { EndpointSettings } from '@olla/config/schema';
import type { EndpointModel } from '@olla/core/snapshot';
import type { DetectionResult } from './detect-type.ts';
import type { CheckOutcome } from './endpoint-health.ts';
import type { EndpointClient } from './endpoint-client.ts';
import type { EndpointType } from './endpoint-type.ts';
import { MAX_LIST_BYTES } from './list-models.ts';
import type { ProbeResult } from './probe.ts';

const MAX_HEALTH_BYTES = 64 * 1024;

export interface Checked {
  readonly outcome: CheckOutcome;
  /** The models where the health check is the model list, else null. */
  readonly models: readonly EndpointModel[] | null;
  /** Whether the endpoint is not used because of its type. */
  readonly isLeftOut?: true;
}

export interface CheckOptions {
  /** The endpoint has not served so far: under `auto` another kind of server may have come. */
  readonly isBack: boolean;
  readonly timeoutMs: number;
  /** `proxy.profile_filter`: which types are in use. */
  readonly filter: NameFilter;
}

/**
 * Makes one health check of an endpoint, and finds its type where that is not known. Never rejects.
 */
export async function checkEndpoint(
  client: EndpointClient,
  type: EndpointType,
  options: CheckOptions,
): Promise<Checked> {
  const isUsed = ({ profile }: EndpointType): boolean =>
    profile === null || matchesFilter(options.filter, profile.type);
  if (!type.isAuto && !isUsed(type)) return leftOut(type);
  const checked = await checkWithType(client, type, options);
  return isUsed(type) ? checked : leftOut(type);
}

function leftOut({ profile }: EndpointType): Checked {
  const reason = `is not used: proxy.profile_filter leaves out its type, ${profile?.type ?? 'auto'}`;
  const verdict = { ok: false, state: 'config_error', reason } as const;
  return { outcome: { kind: 'failed', verdict, latencyMs: 0 }, models: null, isLeftOut: true };
}

async function checkWithType(
  client: EndpointClient,
  type: EndpointType,
  { isBack, timeoutMs }: CheckOptions,
): Promise<Checked> {
  const known = type.profile;
  let checked: Checked | null = null;
  if (known !== null) {
    checked = await checkHealth(client, known, timeoutMs);
    const { kind } = checked.outcome;
    if (!type.isAuto || !isBack || kind === 'unreachable' || kind === 'no-response') return checked;
  }
  type.reopen();
  const { profile: found, isSure, results } = await lookAtType(client, type, timeoutMs);
  if (type.profile === null || (found === null && isSure))
    return { outcome: explainUndetected([...results.values()], isSure), models: null };
  return type.profile === known && checked !== null ? checked : checkHealth(client, type.profile, timeoutMs);
}

/** Finds the type of an endpoint, or more of what is needed to be sure. Never rejects. */
export function lookAtType(
  client: EndpointClient,
  type: EndpointType,
  timeoutMs: number,
): Promise<DetectionResult> {
  // A truncated list is no evidence, so detection reads as many bytes as listing does.
  return type.look((path) => client.probe(null, path, { timeoutMs, maxBytes: MAX_LIST_BYTES }));
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
  if (result.kind !== 'response') return { outcome: result, models: null };
  const { latencyMs, response } = result;
  const verdict = profile.checkHealth(response);
  if (!verdict.ok) return { outcome: { kind: 'failed', verdict, latencyMs }, models: null };
  const body = isList ? parseJson(response.body) : undefined;
  const list = isList ? profile.readModels(body) : null;
  const models = list === null || list.problem !== null ? null : list.models;
  return { outcome: { kind: 'passed', latencyMs }, models };
}

/** The reason why no type was found: of the first response that denies access, or of the first failure. */
function explainUndetected(results: readonly ProbeResult[], isSure: boolean): CheckOutcome {
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
    const reason = isSure
      ? 'answers like no server that `type: auto` knows. Set its type in the configuration'
      : 'has not answered enough for `type: auto` to find its type, and is asked again. Or set its type in the configuration';
    return { kind: 'failed', verdict: { ok: false, state: 'unhealthy', reason }, latencyMs };
  }
  const first = results.find((result) => result.kind !== 'response');
  return first ?? { kind: 'no-response', reason: 'no path to probe' };
}
