import type { BackendProfile, HealthVerdict } from '@olla/backends/profile';
import { parseJson } from '@olla/backends/reading/json';
import type { EndpointModel } from '@olla/core/snapshot';
import type { EndpointLink } from './endpoint-link.ts';

export type ListResult =
  | { readonly kind: 'listed'; readonly models: readonly EndpointModel[] }
  /** The list is refused although the server is well: access, or too many requests. */
  | {
      readonly kind: 'refused';
      readonly verdict: Exclude<HealthVerdict, { ok: true }>;
      readonly latencyMs: number;
    }
  | { readonly kind: 'failed'; readonly reason: string };

const MAX_LIST_BYTES = 16 * 1024 * 1024;

/** Asks an endpoint for its models, at the older path where the newer is unknown there. Never rejects. */
export async function listModels(
  link: EndpointLink,
  profile: BackendProfile,
  timeoutMs: number,
): Promise<ListResult> {
  const configured = link.endpoint.model_url;
  const paths = [profile.modelsPath];
  if (configured === null && profile.modelsFallbackPath !== null) paths.push(profile.modelsFallbackPath);
  let reason = '';
  for (const path of paths) {
    const result = await link.get(configured, path, { timeoutMs, maxBytes: MAX_LIST_BYTES });
    if (result.kind !== 'answer') return { kind: 'failed', reason: result.reason };
    const access = profile.checkModelsAccess(result.answer);
    if (!access.ok) return { kind: 'refused', verdict: access, latencyMs: result.latencyMs };
    const body = result.answer.status === 200 ? parseJson(result.answer.body) : undefined;
    if (profile.isModelList(body)) return { kind: 'listed', models: profile.parseModels(body) };
    const what = result.answer.status === 200 ? 'no list of models' : String(result.answer.status);
    reason = `${configured ?? path} answered ${what}`;
  }
  return { kind: 'failed', reason };
}
