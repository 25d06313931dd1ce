/** Tokens as a backend reports them. */
export interface Usage {
  readonly tokensIn: number;
  readonly tokensOut: number;
}

/** A report of tokens is shorter than this. */
const REPORT_BYTES = 2_048;

/**
 * The beginnings of a report: OpenAI's and Anthropic's object, and Ollama's counts, of which the first may be absent.
 */
const OBJECT = Buffer.from('"usage"');
const COUNTS = Buffer.from('eval_count"');
/** The part of `"prompt_eval_count"` before the key that the search looks for. */
const BEFORE_COUNTS = '"prompt_'.length;

const KEYS_IN = ['"prompt_tokens":', '"prompt_eval_count":', '"input_tokens":'];
const KEYS_OUT = ['"completion_tokens":', '"eval_count":', '"output_tokens":'];

/**
 * Finds the token counts in a response without parsing it. It keeps only a report, from its beginning; the last report
 * counts.
 */
export class UsageReader {
  readonly #marks: readonly Buffer[];
  #report: Buffer | null = null;

  private constructor(marks: readonly Buffer[]) {
    this.#marks = marks;
  }

  /** Null if a response of this kind has no usage. */
  static for(contentType: string | undefined, status: number): UsageReader | null {
    if (status !== 200 || contentType === undefined) return null;
    if (contentType.startsWith('text/event-stream')) return new UsageReader(SSE);
    if (contentType.startsWith('application/x-ndjson')) return new UsageReader(NDJSON);
    return contentType.startsWith('application/json') ? new UsageReader(JSON_BODY) : null;
  }

  /** @param chunk of the body; it is not referenced after the call */
  read(chunk: Buffer): void {
    for (const mark of this.#marks) {
      const at = mark === OBJECT ? chunk.lastIndexOf(mark) : chunk.indexOf(mark);
      if (at === -1) continue;
      this.#report = copyOf(chunk, Math.max(0, at - BEFORE_COUNTS));
      return;
    }
    // A report that is split over chunks continues in the next one.
    if (this.#report !== null && this.#report.length < REPORT_BYTES)
      this.#report = Buffer.concat([this.#report, chunk.subarray(0, REPORT_BYTES - this.#report.length)]);
  }

  finish(): Usage | null {
    if (this.#report === null) return null;
    const text = this.#report.toString('latin1');
    this.#report = null;
    const tokensIn = numberAfter(text, KEYS_IN);
    const tokensOut = numberAfter(text, KEYS_OUT);
    if (tokensIn === null && tokensOut === null) return null;
    return { tokensIn: tokensIn ?? 0, tokensOut: tokensOut ?? 0 };
  }
}

const SSE = [OBJECT];
const NDJSON = [COUNTS];
const JSON_BODY = [OBJECT, COUNTS];

/** A copy: a slice of a shared block would keep the whole block in memory as long as the stream lasts. */
function copyOf(chunk: Buffer, from: number): Buffer {
  const to = Math.min(chunk.length, from + REPORT_BYTES);
  const copy = Buffer.allocUnsafeSlow(to - from);
  chunk.copy(copy, 0, from, to);
  return copy;
}

function numberAfter(text: string, keys: readonly string[]): number | null {
  for (const key of keys) {
    const at = text.indexOf(key);
    if (at === -1) continue;
    const digits = /^\s*(\d{1,12})/.exec(text.slice(at + key.length, at + key.length + 24))?.[1];
    if (digits !== undefined) return Number(digits);
  }
  return null;
}
