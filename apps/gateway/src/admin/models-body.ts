import type { StatusModelsBody } from '@olla/admin-api/schema/status';
import { newRecord } from '@olla/core/records';
import type { CatalogModel } from '@olla/core/snapshot';
import { compareText, type EndpointRow } from './endpoint-rows.ts';
import { formatAgo, formatBytes, isoOrNull } from './format.ts';
import type { Moment } from './sources.ts';

/** GET /internal/status/models */
export function modelsBody({ now, endpoints, snapshot }: Moment): StatusModelsBody {
  const byName = new Map(endpoints.map((endpoint) => [endpoint.name, endpoint]));
  const models = snapshot?.catalog.models ?? [];
  const families = newRecord<string[]>();
  for (const model of models) (families[model.family || 'unknown'] ??= []).push(model.id);
  for (const names of Object.values(families)) names.sort(compareText);
  return {
    timestamp: new Date(now).toISOString(),
    models_by_family: families,
    recent_models: models.map((model) => modelRow(model, byName, now)),
    total_models: models.length,
    total_families: Object.keys(families).length,
    total_endpoints: endpoints.length,
  };
}

type Row = StatusModelsBody['recent_models'][number];

function modelRow(model: CatalogModel, endpoints: ReadonlyMap<string, EndpointRow>, now: number): Row {
  const names = model.locations.map(({ endpoint }) => endpoint);
  const seenAt = Math.max(0, ...names.map((name) => endpoints.get(name)?.probed?.modelsAt ?? 0)) || null;
  const sizes = model.locations.flatMap(({ model: { sizeBytes } }) =>
    sizeBytes === null ? [] : [sizeBytes],
  );
  const sizeBytes = sizes.length > 0 ? Math.max(...sizes) : null;
  const reported = model.locations.filter(({ model: { resident } }) => resident !== null);
  return {
    name: model.id,
    ...(model.kind === 'unknown' ? {} : { type: model.kind }),
    ...(model.family ? { family: model.family } : {}),
    ...(sizeBytes === null ? {} : { size: formatBytes(sizeBytes) }),
    ...(model.parameterSize ? { params: model.parameterSize } : {}),
    ...(model.quantization ? { quant: model.quantization } : {}),
    last_seen: formatAgo(seenAt, now),
    last_seen_at: isoOrNull(seenAt),
    endpoints: names,
    endpoint_ids: names.map((name) => endpoints.get(name)?.id ?? ''),
    ...(model.capabilities.length > 0 ? { capabilities: [...model.capabilities] } : {}),
    aliases: [...model.aliases],
    size_bytes: sizeBytes,
    context_length: model.contextLength,
    loaded_on:
      reported.length === 0
        ? null
        : reported.filter((location) => location.model.resident === true).map((one) => one.endpoint),
    routable_on: names.filter((name) => endpoints.get(name)?.status.serves === true),
  };
}
