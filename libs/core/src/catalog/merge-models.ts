import type { BackendType } from '../backend-type.ts';
import type { CatalogModel, EndpointModel } from '../snapshot.ts';

export interface LocatedModel {
  readonly endpoint: string;
  readonly type: BackendType;
  readonly model: EndpointModel;
}

/** Makes one catalogue entry of each group. */
export function mergeModels(
  groups: readonly (readonly LocatedModel[])[],
  before: ReadonlyMap<string, CatalogModel>,
  nowS: number,
): CatalogModel[] {
  const models: CatalogModel[] = [];
  for (const group of groups) {
    const sorted = [...group].sort(
      (a, b) => compare(a.model.name, b.model.name) || compare(a.endpoint, b.endpoint),
    );
    const first = sorted[0];
    if (first === undefined) continue;
    const id = first.model.name;
    models.push({
      id,
      aliases: [...new Set(sorted.map(({ model }) => model.name))].filter((name) => name !== id),
      kind: first.model.kind,
      family: first.model.family,
      variant: null,
      parameterSize: first.model.parameterSize,
      parameterCount: null,
      quantization: first.model.quantization,
      format: first.model.format,
      contextLength: first.model.contextLength,
      capabilities: first.model.capabilities,
      created: before.get(id)?.created ?? nowS,
      locations: sorted.map(({ endpoint, model }) => ({ endpoint, model })),
    });
  }
  return models.sort((a, b) => compare(a.id, b.id));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
