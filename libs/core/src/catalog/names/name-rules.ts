/** How to read the model names of one kind of server. libs/backends defines the rules of each backend type. */
export interface NameRules {
  /**
   * Which names are from a library of short names, such as `llama3.1:8b`, which leave out words of the full name.
   * - `none`: none
   * - `own`: all except those in the namespace of a user
   * - `published`: those that begin with a maker's name; the others are names of files
   */
  readonly shortNames: 'none' | 'own' | 'published';
  /** The word `text` in a name means the base model, as in tags of Ollama's library. */
  readonly textMeansBase: boolean;
  /** The server runs a repository's weights as published, so that the repository's id identifies the weights. */
  readonly asPublished: boolean;
  /** People type these names: a model that has one gets it as its id. */
  readonly preferredAsId: boolean;
}

/** The rules for a server about which nothing is known. */
export const PLAIN_NAMES: NameRules = {
  shortNames: 'none',
  textMeansBase: false,
  asPublished: false,
  preferredAsId: false,
};
