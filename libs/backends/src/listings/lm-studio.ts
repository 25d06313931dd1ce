import type { NativeModel } from './select-models.ts';

/** LM Studio's `GET /api/v0/models`. */
export function lmStudioList(models: readonly NativeModel[]): object {
  return { object: 'list', data: models.map(lmStudioModel) };
}

export function lmStudioModel({ name, model, places }: NativeModel): object {
  const told = places.find((place) => place.model.quantization !== null) ?? places[0];
  const loaded = places.some((place) => place.model.resident === true);
  const native = told?.model;
  return {
    id: name,
    object: 'model',
    type: model.kind === 'unknown' ? 'llm' : model.kind,
    ...optional('publisher', native?.publisher),
    ...optional('arch', native?.family ?? model.family),
    ...optional('compatibility_type', native?.format ?? model.format),
    ...optional('quantization', native?.quantization ?? model.quantization),
    state: loaded ? 'loaded' : 'not-loaded',
    ...optional('max_context_length', native?.contextLength ?? model.contextLength),
  };
}

function optional(key: string, value: string | number | null | undefined): Record<string, string | number> {
  return value === null || value === undefined ? {} : { [key]: value };
}
