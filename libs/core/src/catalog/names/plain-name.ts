/**
 * The common form of all spellings of one name at one server. Ollama adds the parts that its users leave out: its own
 * registry, the namespace `library` and the tag `latest`. It finds names in any letter case, and the gateway does so
 * for all servers.
 */
export function plainName(name: string): string {
  let plain = name.toLowerCase().replace(/^https?:\/\//, '');
  if (plain.startsWith(REGISTRY)) plain = plain.slice(REGISTRY.length);
  if (plain.startsWith(LIBRARY)) plain = plain.slice(LIBRARY.length);
  return plain.endsWith(LATEST) ? plain.slice(0, -LATEST.length) : plain;
}

/** The spelling by which Ollama lists a model that it was asked to make: with its tag, without the default parts. */
export function listedName(name: string): string {
  let listed = name.replace(/^[a-z]+:\/\//i, '');
  if (listed.toLowerCase().startsWith(REGISTRY)) listed = listed.slice(REGISTRY.length);
  if (listed.toLowerCase().startsWith(LIBRARY)) listed = listed.slice(LIBRARY.length);
  return listed.lastIndexOf(':') > listed.lastIndexOf('/') ? listed : listed + LATEST;
}

const REGISTRY = 'registry.ollama.ai/';
const LIBRARY = 'library/';
const LATEST = ':latest';
