const LATEST = ':latest';

/** A name without Ollama's tag for the newest version, which may be left out. */
export function withoutLatest(name: string): string {
  return name.endsWith(LATEST) ? name.slice(0, -LATEST.length) : name;
}
