/** A key `model` in any letter case, or a letter of it that is written as an escape. */
const MAY_NAME_MODEL = /"model"|\\u00[46]/i;
/** One less than the longest match: the part of a match that can end a chunk while the rest is in the next one. */
const OVERLAP = 6;
/** Maximum bytes that are kept unread; more are scanned at once. */
const MAX_BYTES = 256 * 1024;

/**
 * Chunks that hold no second model, as one search of the text shows at a fraction of the cost of reading their
 * structure. They are kept because their structure has to be read if a later chunk may hold a model.
 */
export class PutOffChunks {
  /** Index in the first chunk of its first unread byte. */
  from = 0;
  #chunks: Buffer[] = [];
  #bytes = 0;
  #tail = '';

  get isEmpty(): boolean {
    return this.#chunks.length === 0;
  }

  /** Keeps a chunk. @returns false if all kept chunks have to be read now */
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

  /** Returns all chunks and keeps none. */
  take(): readonly Buffer[] {
    const chunks = this.#chunks;
    this.#chunks = [];
    this.#tail = '';
    return chunks;
  }
}
