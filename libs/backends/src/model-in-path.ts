/**
 * Paths that name a model themselves: Docker Model Runner's `/models/ai/smollm2`, oMLX's `/v1/models/org/m/unload`, a
 * deletion by OpenAI's API. The word behind `models` may also belong to the API: only the list of models decides.
 */
const MODEL_PATH = /(?:^|\/)models\/(.+?)(?:\/(json|push|tag|load|unload))?$/s;

export interface ModelInPath {
  readonly model: string;
  readonly isUnload: boolean;
}

/** @param path decoded, without query */
export function modelInPath(path: string): ModelInPath | null {
  const [, model, action] = MODEL_PATH.exec(path) ?? [];
  return model === undefined ? null : { model, isUnload: action === 'unload' };
}

/** LiteLLM's `/engines/M/chat/completions` and `/openai/deployments/M/…`, where the path counts and not the body. */
const PATH_BEFORE_BODY =
  /(?:^|\/)(?:engines|deployments)\/(?!v\d+\/)[^/]+\/(?:chat\/completions|completions|embeddings)$/i;

/**
 * Whether a server may take the model from the path although the body names one.
 *
 * @param path decoded, without query
 */
export function mayOverrideBody(path: string): boolean {
  return PATH_BEFORE_BODY.test(path);
}
