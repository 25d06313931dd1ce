import type { Snapshot, SnapshotVersion } from '@olla/core/snapshot';

export interface TestSnapshotOptions {
  /** Name of the only model; without it the snapshot has no model. */
  readonly model?: string;
  readonly catalogRevision?: number;
  readonly agent?: string;
}

/** A snapshot without endpoints. */
export function testSnapshot(version: SnapshotVersion, options: TestSnapshotOptions = {}): Snapshot {
  const { model, catalogRevision = 1, agent = 'agent' } = options;
  return {
    version,
    publishedAt: 1,
    agent,
    endpoints: [],
    catalog: { revision: catalogRevision, models: model === undefined ? [] : [modelOf(model)] },
  };
}

function modelOf(id: string): Snapshot['catalog']['models'][number] {
  return {
    id,
    aliases: [],
    kind: 'llm',
    family: null,
    variant: null,
    parameterSize: null,
    parameterCount: null,
    quantization: null,
    format: null,
    contextLength: null,
    capabilities: [],
    created: 1,
    locations: [],
  };
}
