import { findHeader } from '@olla/core/http/find-header';
import type { UpstreamFailure, UpstreamListener } from '@olla/upstream/upstream';
import { streamFormat } from './stream-format.ts';

/** Maximum bytes that are held back of a response without streaming, and read of the last line of a stream. */
const MAX_HELD_BYTES = 64 * 1024;
const SUCCESS = '"success"';

export interface SuccessHoldOptions {
  /** Passes a response on to the client. */
  readonly relay: UpstreamListener;
  /** The call has succeeded: its client sees the success when this resolves. */
  readonly onSuccess: () => Promise<void>;
  /** Called if a step after the success fails. */
  readonly onFault: (fault: unknown) => void;
}

/**
 * Holds back the news of a call's success from its client until the gateway has put the call's change in force, because
 * the client's next request may depend on it. Of a stream, that is the line with `success` and its end; of any other
 * response all of it, its head included.
 */
export class SuccessHold implements UpstreamListener {
  readonly #options: SuccessHoldOptions;
  #isOk = false;
  #isStream = false;
  #isReadable = true;
  /** Null after the data was released. */
  #held: Buffer[] | null = [];
  #heldBytes = 0;
  #isHolding = false;
  /** The last line so far. */
  #line = '';

  constructor(options: SuccessHoldOptions) {
    this.#options = options;
  }

  onHead(status: number, rawHeaders: string[]): void {
    this.#isOk = status >= 200 && status < 300;
    this.#isStream = streamFormat(findHeader(rawHeaders, 'content-type') ?? undefined) === 'ndjson';
    this.#isReadable = findHeader(rawHeaders, 'content-encoding') === null;
    this.#isHolding = this.#isOk && !this.#isStream;
    this.#options.relay.onHead(status, rawHeaders);
  }

  onQuiet(): void {
    if (!this.#isHolding) this.#options.relay.onQuiet();
  }

  onData(chunk: Buffer): boolean {
    if (!this.#isOk || this.#held === null) return this.#options.relay.onData(chunk);
    this.#read(chunk);
    if (!this.#isHolding) return this.#options.relay.onData(chunk);
    this.#held.push(Buffer.from(chunk));
    this.#heldBytes += chunk.length;
    if (this.#heldBytes > MAX_HELD_BYTES) this.#release();
    return true;
  }

  onEnd(): void {
    if (!this.#hasSucceeded()) {
      this.#release();
      this.#options.relay.onEnd();
      return;
    }
    this.#options
      .onSuccess()
      .then(() => {
        this.#release();
        this.#options.relay.onEnd();
      })
      .catch(this.#options.onFault);
  }

  onFailure(failure: UpstreamFailure): void {
    this.#release();
    this.#options.relay.onFailure(failure);
  }

  #read(chunk: Buffer): void {
    const text = this.#line + chunk.toString('latin1');
    if (this.#isStream && text.includes(SUCCESS)) this.#isHolding = true;
    const lines = text.trimEnd();
    // The text after the last line break that is not at the end.
    this.#line = lines.slice(lines.lastIndexOf('\n') + 1).slice(-MAX_HELD_BYTES) + text.slice(lines.length);
  }

  #release(): void {
    const held = this.#held ?? [];
    this.#held = null;
    this.#isHolding = false;
    for (const chunk of held) this.#options.relay.onData(chunk);
  }

  /**
   * Ollama sends 200 before it knows the result: a last line with another status than `success`, or with an error, is a
   * failure.
   */
  #hasSucceeded(): boolean {
    if (!this.#isOk) return false;
    const last = this.#isReadable ? parseObject(this.#line) : null;
    if (last === null) return true;
    if ('error' in last) return false;
    return !('status' in last) || last.status === 'success';
  }
}

function parseObject(line: string): object | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' ? value : null;
  } catch {
    return null;
  }
}
