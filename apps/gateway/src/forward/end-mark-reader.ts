import type { StreamDialect } from './stream-dialect.ts';

/** Holds the last event of every dialect but Responses, and OpenAI's last two: finish reason and usage. */
const TAIL_BYTES = 1_024;

/**
 * The ends of OpenAI's dialect are the last line or a finish reason, of Ollama's `done` or, behind a long `context`, its
 * counts. In a text within the JSON the quotes would be escaped. An error is an end too: the client knows.
 */
const MARKS: Readonly<Record<StreamDialect, RegExp>> = {
  openai: /[\r\n](?:data: ?\[DONE\]|event: ?error|error:)|"finish_reason": ?"[^"]|"error": ?["{]/,
  anthropic: /"type": ?"message_stop"|"type": ?"error"/,
  responses: /"type": ?"(?:response\.(?:completed|incomplete|failed)|error)"|"error": ?["{]/,
  'ollama-api': /"done": ?true|"total_duration":|"error": ?["{]/,
};

/** Finds out whether a stream has come to its dialect's end, by its last bytes. Keeps nothing else of it. */
export class EndMarkReader {
  readonly #dialect: StreamDialect;
  #tail: Buffer | null = null;
  #length = 0;
  #isCut = false;

  constructor(dialect: StreamDialect) {
    this.#dialect = dialect;
  }

  /** @param chunk of the body; nothing of it is held on to */
  read(chunk: Buffer): void {
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

  /**
   * Whether the stream has its end.
   *
   * @param hasUsage it told its tokens. The last event of Responses holds the whole response, so that its type may be
   *   far from the end, but no other event tells tokens
   */
  isWhole(hasUsage: boolean): boolean {
    if (hasUsage && this.#dialect === 'responses') return true;
    const tail = this.#tail?.toString('latin1', 0, this.#length) ?? '';
    // A stream begins with a line; a tail may begin within one.
    return MARKS[this.#dialect].test(this.#isCut ? tail : `\n${tail}`);
  }
}
