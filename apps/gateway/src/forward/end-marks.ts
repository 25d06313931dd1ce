/** After this many whole responses without an end mark, and none with one, an endpoint's model is known to send none. */
const ENOUGH = 3;
/** Bounded, because clients can invent names of models. */
const MAX_KNOWN = 4_096;
const SENDS = -1;

/** Which endpoints send the end marks of their dialects. One a worker; workers do not share it. */
export class EndMarks {
  /** Number of whole responses without an end mark, or SENDS. */
  readonly #known = new Map<string, number>();

  /**
   * A stream has ended on the wire.
   * A stream has come to its end on the wire.
   *
   * @returns false if it was cut off before its end
   */
  isWhole(endpoint: string, model: string | null, hasMark: boolean): boolean {
    const key = `${endpoint}\n${model ?? ''}`;
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
