import type { StreamDialect } from './stream-dialect.ts';

/** Holds the last event of every dialect but Responses, and OpenAI's last two: finish reason and usage. */
const TAIL_BYTES = 1_024;
/** The longest mark that is looked for within a stream. */
const MARK_BYTES = 32;

/**
 * The ends of OpenAI's dialect are the last line or a finish reason, of Ollama's `done` or, behind a long `context`, its
 * counts. In a text within the JSON the quotes would be escaped. An error is an end too: the client knows.
 */
const TAIL_MARKS: Readonly<Record<StreamDialect, RegExp>> = {
  openai: /[\r\n](?:data: ?\[DONE\]|event: ?error|error:)|"finish_reason": ?"[^"]|"error": ?["{]/,
  anthropic: /"type": ?"message_stop"|"type": ?"error"/,
  responses: /"type": ?"error"|"error": ?["{]/,
  ollama: /"done": ?true|"total_duration":|"error": ?["{]/,
};
/** The last event of Responses holds the whole response, so that its type is far from its end. */
const RESPONSES_MARKS = ['response.completed"', 'response.incomplete"', 'response.failed"'].map((text) =>
  Buffer.from(text),
);

/** Finds out whether a stream has come to its dialect's end, by its last bytes. Keeps nothing else of it. */
export class EndMarkReader {
  readonly #dialect: StreamDialect;
  #tail: Buffer | null = null;
  #length = 0;
  #isCut = false;
  #isMarked = false;

  constructor(dialect: StreamDialect) {
    this.#dialect = dialect;
  }

  /** @param chunk of the body; nothing of it is held on to */
  read(chunk: Buffer): void {
    if (this.#dialect !== 'responses' || this.#isMarked) this.#keep(chunk);
    else this.#searchAndKeep(chunk);
  }

  /** Whether the stream has its end. */
  isWhole(): boolean {
    if (this.#isMarked) return true;
    const tail = this.#tail?.toString('latin1', 0, this.#length) ?? '';
    // A stream begins with a line; a tail may begin within one.
    return TAIL_MARKS[this.#dialect].test(this.#isCut ? tail : `\n${tail}`);
  }

  /** A mark may be cut in two by the border of two chunks, so that the end of the last chunk is searched again. */
  #searchAndKeep(chunk: Buffer): void {
    for (let at = 0; at < chunk.length; at += TAIL_BYTES) {
      const piece = chunk.subarray(at, at + TAIL_BYTES);
      const before = Math.min(this.#length, MARK_BYTES);
      this.#keep(piece);
      const from = this.#length - piece.length - before;
      const seen = this.#tail?.subarray(Math.max(0, from), this.#length);
      this.#isMarked ||= RESPONSES_MARKS.some((mark) => seen?.includes(mark));
    }
  }

  #keep(chunk: Buffer): void {
    // Memory of its own: a piece of a shared block would keep the whole block as long as the stream lasts.
    const tail = (this.#tail ??= Buffer.allocUnsafeSlow(2 * TAIL_BYTES));
    if (chunk.length > TAIL_BYTES) {
      chunk.copy(tail, 0, chunk.length - TAIL_BYTES);
      this.#length = TAIL_BYTES;
      this.#isCut = true;
      return;
    }
    if (this.#length + chunk.length > tail.length) {
      tail.copyWithin(0, this.#length - TAIL_BYTES, this.#length);
      this.#length = TAIL_BYTES;
      this.#isCut = true;
    }
    chunk.copy(tail, this.#length);
    this.#length += chunk.length;
  }
}
