import type { BackendProfile, HealthVerdict } from '@olla/backends/profile';
import { parseJson } from '@olla/backends/reading/json';
import type { EndpointModel } from '@olla/core/snapshot';
import type { EndpointClient } from './endpoint-client.ts';

export type ListResult =
  | {
      readonly kind: 'listed';
      readonly models: readonly EndpointModel[];
      /** Whether the server has the type's further list. */
      readonly hasFurtherList: boolean;
    }
  /** The server denies access to its list (401, 403), or limits requests (429). */
  | {
      readonly kind: 'denied';
      readonly verdict: Exclude<HealthVerdict, { ok: true }>;
      readonly latencyMs: number;
    }
  | { readonly kind: 'failed'; readonly reason: string };

export const MAX_LIST_BYTES = 16 * 1024 * 1024;

export interface ListOptions {
  readonly timeoutMs: number;
  /** Whether to request the type's further list too: old servers log a warning for a path that they lack. */
  readonly further: boolean;
}

/**
 * Requests the models of an endpoint. If the server has no list at the profile's path, the paths of other versions are
 * tried. Never rejects.
 */
export async function listModels(
  client: EndpointClient,
  profile: BackendProfile,
  { timeoutMs, further }: ListOptions,
): Promise<ListResult> {
  const { model_url: configured } = client.endpoint;
  const paths =
    configured === null ? [profile.modelsPath, ...profile.modelsFallbackPaths] : [profile.modelsPath];
  let reason = '';
  for (const path of paths) {
    const result = await client.probe(configured, path, { timeoutMs, maxBytes: MAX_LIST_BYTES });
    if (result.kind !== 'response') return { kind: 'failed', reason: result.reason };
    const { response, latencyMs } = result;
    const access = profile.checkModelsAccess(response);
    if (!access.ok) return { kind: 'denied', verdict: access, latencyMs };
    const isOk = response.status === 200;
    const { models, problem } = profile.readModels(isOk ? parseJson(response.body) : undefined);
    if (problem === null) {
      const added = further && configured === null && profile.furtherList?.path !== path;
      return added
        ? addFurtherList(client, profile, models, timeoutMs)
        : { kind: 'listed', models, hasFurtherList: false };
    }
    // The failure at the profile's own path is the most useful one to report.
    if (reason === '')
      reason = `${configured === null ? path : 'model_url'} answered ${isOk ? problem : String(response.status)}`;
  }
  return { kind: 'failed', reason };
}

async function addFurtherList(
  client: EndpointClient,
  { furtherList }: BackendProfile,
  models: readonly EndpointModel[],
  timeoutMs: number,
): Promise<ListResult> {
  if (furtherList === null) return { kind: 'listed', models, hasFurtherList: false };
  const result = await client.probe(null, furtherList.path, { timeoutMs, maxBytes: MAX_LIST_BYTES });
  if (result.kind !== 'response') return { kind: 'listed', models, hasFurtherList: true };
  const body = result.response.status === 200 ? parseJson(result.response.body) : undefined;
  const merged = furtherList.merge(models, body);
  return { kind: 'listed', models: merged, hasFurtherList: merged !== models };
}
