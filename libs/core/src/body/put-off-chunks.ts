/** A key `model` in any letter case, or a letter of it that is written as an escape. */
const MAY_NAME_MODEL = /"model"|\\u00[46]/i;
/** One less than the longest match: what may stand at the end of a chunk, with the rest in the next one. */
const OVERLAP = 6;
/** As much as is kept unread; what is larger is scanned as it comes. */
const MAX_BYTES = 256 * 1024;

/**
 * Chunks that hold no second model, found out by one search of the text, which costs a fraction of reading their
 * structure. They are kept, because the structure has to be read where a later chunk may hold one.
 */
export class PutOffChunks {
  /** Where the first chunk is still to be read from. */
  from = 0;
  #chunks: Buffer[] = [];
  #bytes = 0;
  #tail = '';

  get isEmpty(): boolean {
    return this.#chunks.length === 0;
  }

  /** Keeps a chunk. @returns false if all of them have to be read now */
  add(bytes: Buffer, from: number): boolean {
    if (this.#chunks.length === 0) this.from = from;
    this.#chunks.push(bytes);
    this.#bytes += bytes.length - from;
    const text = bytes.toString('latin1', from);
    if (this.#bytes > MAX_BYTES || MAY_NAME_MODEL.test(text)) return false;
    if (this.#tail !== '' && MAY_NAME_MODEL.test(this.#tail + text.slice(0, OVERLAP))) return false;
    this.#tail = text.length >= OVERLAP ? text.slice(-OVERLAP) : (this.#tail + text).slice(-OVERLAP);
    return true;
  }

  /** All of them; none are left. */
  take(): readonly Buffer[] {
    const chunks = this.#chunks;
    this.#chunks = [];
    this.#tail = '';
    return chunks;
  }
}
