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
