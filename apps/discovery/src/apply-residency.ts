import type { SignalReading } from '@olla/backends/profile';
import { smallestKnown } from '@olla/core/smallest-known';
import type { EndpointModel, LoadedModel } from '@olla/core/snapshot';

/**
 * Ollama moves a model's `residentUntil` with each request. A smaller move than this is ignored, because every change
 * of a model makes the agent build and publish a new catalog.
 */
const RESIDENT_UNTIL_STEP_MS = 60_000;

/**
 * Marks the models that are in memory according to a reading of the load signals.
 *
 * @returns the same objects, and the same list, where nothing has changed
 */
export function applyResidency(
  models: readonly EndpointModel[],
  reading: SignalReading,
): readonly EndpointModel[] {
  const { resident, contextLength } = reading;
  if (resident === undefined && contextLength === undefined) return models;
  let changed = false;
  const next = models.map((model) => {
    const loaded = resident?.get(model.name);
    const until = loaded?.until ?? null;
    const keepUntil =
      until !== null &&
      model.residentUntil !== null &&
      Math.abs(until - model.residentUntil) < RESIDENT_UNTIL_STEP_MS;
    const update = {
      resident: resident === undefined ? model.resident : loaded !== undefined,
      residentUntil: resident === undefined || keepUntil ? model.residentUntil : until,
      // A model list may report the context length of the model's training, and this reading the one that the server
      // uses.
      contextLength: smallestKnown([model.contextLength, contextLength ?? null]),
      loadedAs: resident === undefined ? (model.loadedAs ?? null) : (loaded?.loadedAs ?? null),
    };
    if (
      update.resident === model.resident &&
      update.residentUntil === model.residentUntil &&
      update.contextLength === model.contextLength &&
      isSameLoad(update.loadedAs, model.loadedAs ?? null)
    ) {
      return model;
    }
    changed = true;
    return { ...model, ...update };
  });
  return changed ? next : models;
}

function isSameLoad(a: LoadedModel | null, b: LoadedModel | null): boolean {
  return (
    a?.memoryBytes === b?.memoryBytes &&
    a?.vramBytes === b?.vramBytes &&
    a?.contextLength === b?.contextLength
  );
}
