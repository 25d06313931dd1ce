import type { StreamDialect } from './stream-dialect.ts';

/** Room for the last event of every dialect except Responses, and for OpenAI's last two: finish reason and usage. */
const TAIL_BYTES = 1_024;

/**
 * OpenAI's streams end with the last line or a finish reason, Ollama's with `done` or, behind a long `context`, its
 * counts. Quotes in a text within the JSON would be escaped. An error is an end too: the client sees it.
 */
const MARKS: Readonly<Record<StreamDialect, RegExp>> = {
  openai: /[\r\n](?:data: ?\[DONE\]|event: ?error|error:)|"finish_reason": ?"[^"]|"error": ?["{]/,
  anthropic: /"type": ?"message_stop"|"type": ?"error"/,
  responses: /"type": ?"(?:response\.(?:completed|incomplete|failed)|error)"|"error": ?["{]/,
  'ollama-api': /"done": ?true|"total_duration":|"error": ?["{]/,
};

/** Checks by its last bytes whether a stream ended with its dialect's end mark. Keeps no other bytes of it. */
export class EndMarkReader {
  readonly #dialect: StreamDialect;
  #tail: Buffer | null = null;
  #length = 0;
  #isCut = false;

  constructor(dialect: StreamDialect) {
    this.#dialect = dialect;
  }

  /** @param chunk of the body; it is not referenced after the call */
  read(chunk: Buffer): void {
    // A copy: a slice of a shared block would keep the whole block in memory as long as the stream lasts.
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
   * @param hasUsage it reported its tokens. The last event of Responses holds the whole response, so that its type may
   *   be far from the end, but no other event reports tokens
   */
  isWhole(hasUsage: boolean): boolean {
    if (hasUsage && this.#dialect === 'responses') return true;
    const tail = this.#tail?.toString('latin1', 0, this.#length) ?? '';
    // A stream begins with a line; a tail may begin within one.
    return MARKS[this.#dialect].test(this.#isCut ? tail : `\n${tail}`);
  }
}
