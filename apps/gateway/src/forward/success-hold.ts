import { findHeader } from '@olla/core/http/find-header';
import type { UpstreamFailure, UpstreamListener } from '@olla/upstream/upstream';
import { streamFormat } from './stream-format.ts';

/** Of a response that is no stream, so much is held back; of the last line of a stream, so much is read. */
const MAX_HELD_BYTES = 64 * 1024;
const SUCCESS = '"success"';

export interface SuccessHoldOptions {
  /** Passes a response on to the client. */
  readonly relay: UpstreamListener;
  /** The call has succeeded: its client learns of it when this resolves. */
  readonly onSuccess: () => Promise<void>;
  /** Called where what follows the success fails. */
  readonly onFault: (fault: unknown) => void;
}

/**
 * Holds back what tells a client that its call has succeeded, until the gateway has taken over what the call did: the
 * next request of the client may be about it. Of a stream, that is the line with `success` and its end; of any other
 * response all of it, its head included.
 */
export class SuccessHold implements UpstreamListener {
  readonly #options: SuccessHoldOptions;
  #isOk = false;
  #isStream = false;
  #isReadable = true;
  /** Null once nothing is held back any more. */
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
    // What follows the last line break that has something behind it.
    this.#line = lines.slice(lines.lastIndexOf('\n') + 1).slice(-MAX_HELD_BYTES) + text.slice(lines.length);
  }

  #release(): void {
    const held = this.#held ?? [];
    this.#held = null;
    this.#isHolding = false;
    for (const chunk of held) this.#options.relay.onData(chunk);
  }

  /** Ollama answers 200 before it knows: a last line with another status than `success`, or with an error, is a failure. */
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
