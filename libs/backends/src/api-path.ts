/** A path of a server's API whose meaning the gateway must know. */
export interface ApiPath {
  /** A path that ends in `/` means all paths below it. */
  readonly path: string;
  /** What a POST carries: one JSON object, or a file of any size. */
  readonly body: 'json' | 'file';
  /** Field of the body that names the model instead of `model`; null for none. */
  readonly nameField: 'name' | 'source' | 'model_name' | 'instance_id' | null;
  /** Field of the body that names the base of a new model; null for none. */
  readonly baseField: 'from' | null;
  /** `adds`: it may add a model to the server. `changes`: it changes or removes one. Null: neither. */
  readonly management: 'adds' | 'changes' | null;
  /**
   * What a successful call has done to the server's names: it `adds` or `removes` its model's name, or it `copies` that
   * model to the name in `destination`. Null: no known change.
   */
  readonly effect: 'adds' | 'copies' | 'removes' | null;
  /** It unloads its model from memory: `always`, or if the body asks for no keep-alive time. */
  readonly unloads: 'always' | 'by_keep_alive' | null;
  /** How it names the files of a model; null for none. */
  readonly files: NamedFiles | null;
}

/** How a call names files that were sent to the server before. */
export interface NamedFiles {
  /** Fields of the body: objects whose values are digests. */
  readonly fields: readonly string[];
  /** Path of a file at the server, by its digest. */
  readonly path: string;
}

/** An API path that takes a JSON object. */
export function jsonPath(path: string, more: Partial<Omit<ApiPath, 'path' | 'body'>> = {}): ApiPath {
  return {
    path,
    body: 'json',
    nameField: null,
    baseField: null,
    management: null,
    effect: null,
    unloads: null,
    files: null,
    ...more,
  };
}
