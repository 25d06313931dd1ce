import { withTag, type Model } from '../../model.ts';
import type { ServerState } from '../../server-state.ts';

/** Finds a model as Ollama does: it adds the tag `latest` and ignores case. */
export function findModel(state: ServerState, name: string): Model | undefined {
  const full = withTag(name);
  const exact = state.models.get(full);
  if (exact !== undefined) return exact;
  const lower = full.toLowerCase();
  return [...state.models.values()].find((model) => model.name.toLowerCase() === lower);
}
