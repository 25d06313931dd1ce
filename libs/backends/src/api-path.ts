/** What the gateway must know of a path of a server's API, to do more than relay it. */
export interface ApiPath {
  /** The whole path; with a `/` at its end, every path below it. */
  readonly path: string;
  /** What a POST carries: one JSON object, or a file of any size. */
  readonly body: 'json' | 'file';
  /** Field of the body that names the model where `model` does not; null for none. */
  readonly nameField: 'name' | 'source' | null;
  /** Field of the body that names the model from which another is made; null for none. */
  readonly baseField: 'from' | null;
  /** What it does to the models of the server: it may add one that is new, it changes one that is there, or neither. */
  readonly management: 'adds' | 'changes' | null;
}

/** An API path that takes a JSON object, and more where it is said. */
export function jsonPath(path: string, more: Partial<Omit<ApiPath, 'path' | 'body'>> = {}): ApiPath {
  return { path, body: 'json', nameField: null, baseField: null, management: null, ...more };
}
