import { asTexts } from '../reading/json.ts';
import type { OwnFields } from '../reading/docker-list.ts';
import type { NativeModel } from './select-models.ts';

/** Docker's own `GET /models`: each model once, with its tags. */
export function renderDockerList(models: readonly NativeModel[]): object {
  const byId = new Map<string, DockerModel>();
  for (const native of models) {
    const entry = renderDockerModel(native);
    const known = byId.get(entry.id);
    const tags = known === undefined ? entry.tags : [...new Set([...known.tags, ...entry.tags])];
    byId.set(entry.id, { ...entry, tags });
  }
  return [...byId.values()];
}

interface DockerModel {
  readonly id: string;
  readonly tags: readonly string[];
  readonly created: number;
  readonly config: object;
}

export function renderDockerModel({ name, model, places, isAlias }: NativeModel): DockerModel {
  const reported = places.find((place) => place.model.ownFields !== undefined) ?? places[0];
  const { docker = {} }: OwnFields = reported?.model.ownFields ?? {};
  const config = {
    format: reported?.model.format ?? '',
    quantization: reported?.model.quantization ?? '',
    parameters: reported?.model.parameterSize ?? '',
    architecture: reported?.model.family ?? '',
    size: '',
  };
  const tags = asTexts(docker['tags']);
  // An alias is a separate entry, because no server has it as a tag.
  const own = isAlias ? { id: name, tags: [name] } : { tags: tags.length === 0 ? [name] : tags };
  return { id: name, created: model.created, config, ...docker, ...own };
}
