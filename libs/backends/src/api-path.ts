/** A path of a server's API whose meaning the gateway must know. */
export interface ApiPath {
  /** A path that ends in `/` stands for all paths below it. */
  readonly path: string;
  /** What a POST carries: one JSON object, or a file of any size. */
  readonly body: 'json' | 'file';
  /** Field of the body that names the model where `model` does not; null for none. */
  readonly nameField: 'name' | 'source' | 'model_name' | 'instance_id' | null;
  /** Field of the body that names the model from which another is made; null for none. */
  readonly baseField: 'from' | null;
  /** `adds`: it may add a model to the server. `changes`: it changes or removes one. Null: neither. */
  readonly management: 'adds' | 'changes' | null;
  /**
   * What a call that succeeded has done to the server's names: it `adds` or `removes` the one that it is about, or it
   * `copies` that one to the one in `destination`. Null: nothing that is known.
   */
  readonly effect: 'adds' | 'copies' | 'removes' | null;
  /** It takes its model out of memory: `always`, or where the body says that the model is kept for no time. */
  readonly unloads: 'always' | 'by_keep_alive' | null;
  /** The files that a model is made of; null for none. */
  readonly files: NamedFiles | null;
}

/** How a call names files that were sent to the server before. */
export interface NamedFiles {
  /** Fields of the body: objects whose values are digests. */
  readonly fields: readonly string[];
  /** Where the server has a file, by its digest. */
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
