import type { BackendProfile, HealthVerdict } from '@olla/backends/profile';
import { parseJson } from '@olla/backends/reading/json';
import type { EndpointModel } from '@olla/core/snapshot';
import type { EndpointClient } from './endpoint-client.ts';

export type ListResult =
  | { readonly kind: 'listed'; readonly models: readonly EndpointModel[] }
  /** The server denies access to its list (401, 403), or limits requests (429). */
  | {
      readonly kind: 'denied';
      readonly verdict: Exclude<HealthVerdict, { ok: true }>;
      readonly latencyMs: number;
    }
  | { readonly kind: 'failed'; readonly reason: string };

export const MAX_LIST_BYTES = 16 * 1024 * 1024;

/** Requests the models of an endpoint; a server without the profile's path is asked at its older one. Never rejects. */
export async function listModels(
  client: EndpointClient,
  profile: BackendProfile,
  timeoutMs: number,
): Promise<ListResult> {
  const configured = client.endpoint.model_url;
  const paths = [profile.modelsPath];
  if (configured === null && profile.modelsFallbackPath !== null) paths.push(profile.modelsFallbackPath);
  let reason = '';
  for (const path of paths) {
    const result = await client.probe(configured, path, { timeoutMs, maxBytes: MAX_LIST_BYTES });
    if (result.kind !== 'response') return { kind: 'failed', reason: result.reason };
    const { response, latencyMs } = result;
    const access = profile.checkModelsAccess(response);
    if (!access.ok) return { kind: 'denied', verdict: access, latencyMs };
    const body = response.status === 200 ? parseJson(response.body) : undefined;
    if (profile.isModelList(body)) return { kind: 'listed', models: profile.parseModels(body) };
    const what = response.status === 200 ? 'no list of models' : String(response.status);
    reason = `${configured ?? path} answered ${what}`;
  }
  return { kind: 'failed', reason };
}
