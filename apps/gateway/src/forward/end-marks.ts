import type { StreamDialect } from './stream-dialect.ts';

/** After this many whole responses without an end mark, and none with one, an endpoint's model sends none in a dialect. */
const ENOUGH = 3;
/** Bounded, because clients can invent names of models. */
const MAX_KNOWN = 4_096;
const SENDS = -1;

/** What sends a stream. */
export interface StreamSource {
  readonly endpoint: string;
  /** As the endpoint names it; null if the request names none. */
  readonly model: string | null;
  readonly dialect: StreamDialect;
}

/** Which endpoints send the end marks of their dialects. One a worker; workers do not share it. */
export class EndMarks {
  /** Number of whole responses without an end mark, or SENDS. */
  readonly #known = new Map<string, number>();

  /**
   * A stream has ended on the wire.
   *
   * @returns false if it was cut off before its end
   */
  isWhole({ endpoint, model, dialect }: StreamSource, hasMark: boolean): boolean {
    const key = `${endpoint}\n${dialect}\n${model ?? ''}`;
    const known = this.#known.get(key) ?? 0;
    if (hasMark) {
      if (known !== SENDS) this.#set(key, SENDS);
      return true;
    }
    if (known === SENDS) return false;
    if (known >= ENOUGH) return true;
    this.#set(key, known + 1);
    return false;
  }

  #set(key: string, value: number): void {
    if (this.#known.size >= MAX_KNOWN) this.#known.clear();
    this.#known.set(key, value);
  }
}
