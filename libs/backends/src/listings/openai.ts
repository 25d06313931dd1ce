import type { ListedModel, NativeModel } from './select-models.ts';

/** A name to list with the moment it was first seen. */
export interface NamedModel {
  readonly id: string;
  readonly created: number;
  readonly contextLength: number | null;
}

export function namedFromListed({ id, model }: ListedModel): NamedModel {
  return { id, created: model.created, contextLength: model.contextLength };
}

export function namedFromNative({ name, model, places }: NativeModel): NamedModel {
  const told = places.find((place) => place.model.contextLength !== null)?.model.contextLength;
  return { id: name, created: model.created, contextLength: told ?? model.contextLength };
}

/** OpenAI's list of models. */
export function openAiList(models: readonly NamedModel[]): object {
  return { object: 'list', data: models.map(openAiModel) };
}

export function openAiModel({ id, created }: NamedModel): object {
  return { id, object: 'model', created, owned_by: 'olla' };
}

/** vLLM's list: OpenAI's with the context length and the permissions that its clients look at. */
export function vllmList(models: readonly NamedModel[]): object {
  return { object: 'list', data: models.map(vllmModel) };
}

export function vllmModel({ id, created, contextLength }: NamedModel): object {
  const slash = id.indexOf('/');
  return {
    id,
    object: 'model',
    created,
    owned_by: slash > 0 ? id.slice(0, slash) : 'vllm',
    root: id,
    parent: null,
    ...(contextLength === null ? {} : { max_model_len: contextLength }),
    permission: [
      {
        id: `modelperm-olla-${id.replaceAll('/', '-')}`,
        object: 'model_permission',
        created,
        allow_create_engine: false,
        allow_sampling: true,
        allow_logprobs: true,
        allow_search_indices: false,
        allow_view: true,
        allow_fine_tuning: false,
        organization: '*',
        group: null,
        is_blocking: false,
      },
    ],
  };
}
