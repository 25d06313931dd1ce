/** Tokens as a backend reports them. */
export interface Usage {
  readonly tokensIn: number;
  readonly tokensOut: number;
}

/** The end of an answer holds its usage in every API; what is kept of a stream is bounded by this. */
const TAIL_BYTES = 2_048;

const OPENAI_IN = Buffer.from('"prompt_tokens":');
const OPENAI_OUT = Buffer.from('"completion_tokens":');
const OLLAMA_IN = Buffer.from('"prompt_eval_count":');
const OLLAMA_OUT = Buffer.from('"eval_count":');
const ANTHROPIC_IN = Buffer.from('"input_tokens":');
const ANTHROPIC_OUT = Buffer.from('"output_tokens":');

/**
 * Reads the token counts that stand near the end of an answer, without parsing it: only the last two chunks are held
 * on to while the answer passes, and they are looked at once, at the end.
 */
export class UsageReader {
  #last: Buffer | null = null;
  #before: Buffer | null = null;

  /** Null where an answer of this kind has no usage. */
  static for(contentType: string | undefined, status: number): UsageReader | null {
    if (status !== 200 || contentType === undefined) return null;
    return /^(application\/(json|x-ndjson)|text\/event-stream)/.test(contentType) ? new UsageReader() : null;
  }

  read(chunk: Buffer): void {
    this.#before = this.#last;
    this.#last = chunk;
  }

  finish(): Usage | null {
    if (this.#last === null) return null;
    const tail = tailOf(this.#before, this.#last);
    this.#last = null;
    this.#before = null;
    const tokensOut = firstNumber(tail, [OPENAI_OUT, OLLAMA_OUT, ANTHROPIC_OUT]);
    const tokensIn = firstNumber(tail, [OPENAI_IN, OLLAMA_IN, ANTHROPIC_IN]);
    if (tokensIn === null && tokensOut === null) return null;
    return { tokensIn: tokensIn ?? 0, tokensOut: tokensOut ?? 0 };
  }
}

function tailOf(before: Buffer | null, last: Buffer): Buffer {
  if (last.length >= TAIL_BYTES || before === null)
    return last.subarray(Math.max(0, last.length - TAIL_BYTES));
  return Buffer.concat([before.subarray(Math.max(0, before.length - (TAIL_BYTES - last.length))), last]);
}

function firstNumber(tail: Buffer, keys: readonly Buffer[]): number | null {
  for (const key of keys) {
    const at = tail.lastIndexOf(key);
    if (at === -1) continue;
    let value = 0;
    let digits = 0;
    for (let i = at + key.length; i < tail.length; i += 1) {
      const byte = tail[i] as number;
      if (byte === 0x20 && digits === 0) continue;
      if (byte < 0x30 || byte > 0x39) break;
      value = value * 10 + byte - 0x30;
      if ((digits += 1) > 12) return null;
    }
    if (digits > 0) return value;
  }
  return null;
}
