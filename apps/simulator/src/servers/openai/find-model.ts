import type { Model } from '../../model.ts';
import type { ServerState } from '../../server-state.ts';

/** Finds a model by its exact name. Without a name the first model is taken, as these servers do. */
export function findModel(state: ServerState, name: string): Model | undefined {
  if (name !== '') return state.models.get(name);
  const [first] = state.models.values();
  return first;
}
