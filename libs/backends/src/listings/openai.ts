import type { ListedModel, NativeModel, PlacedModel } from './select-models.ts';
import { ifKnown } from './if-known.ts';

/** A name to list, with the moment it was first seen. */
export interface NamedModel {
  readonly id: string;
  readonly created: number;
  /** The smallest of its servers, so that a request of this length works at each. */
  readonly contextLength: number | null;
  /** Fields of a server beyond OpenAI's. */
  readonly more: Readonly<Record<string, unknown>>;
}

export function namedFromListed({ id, model, places }: ListedModel): NamedModel {
  return named(id, model.created, places);
}

export function namedFromNative({ name, model, places }: NativeModel): NamedModel {
  return named(name, model.created, places);
}

function named(id: string, created: number, places: readonly PlacedModel[]): NamedModel {
  const tightest = places.reduce((best, place) => (contextOf(place) < contextOf(best) ? place : best));
  const more = [tightest, ...places].map(({ model }) => model.openAiFields ?? {});
  return {
    id,
    created,
    contextLength: tightest.model.contextLength,
    more: more.find((fields) => Object.keys(fields).length > 0) ?? {},
  };
}

function contextOf({ model }: PlacedModel): number {
  return model.contextLength ?? Number.POSITIVE_INFINITY;
}

/** OpenAI's list of models. */
export function openAiList(models: readonly NamedModel[]): object {
  return { object: 'list', data: models.map(openAiModel) };
}

/** Its context length under the two names that most clients use. */
export function openAiModel({ id, created, contextLength, more }: NamedModel): object {
  return {
    id,
    object: 'model',
    created,
    owned_by: 'olla',
    ...more,
    ...ifKnown('context_length', contextLength),
    ...ifKnown('max_model_len', contextLength),
  };
}
