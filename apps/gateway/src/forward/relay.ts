import type { ErrorCode } from '@olla/core/errors';
import { findHeader } from '@olla/core/http/find-header';
import type { UpstreamCall, UpstreamFailure, UpstreamListener } from '@olla/upstream/upstream';
import { performance } from 'node:perf_hooks';
import { AnswerWriter } from './answer-writer.ts';
import { streamErrorEvent, streamFormat, type StreamFormat } from './broken-stream.ts';
import type { Exchange } from '../request/exchange.ts';
import { responseTime } from '../request/respond.ts';
import { UsageReader } from './usage-reader.ts';

/** How an attempt ended. */
export type AttemptResult =
  /** The answer was relayed to its end. */
  | { readonly kind: 'relayed'; readonly status: number }
  /** The answer had begun and broke off; the client was told in the stream's own way. */
  | { readonly kind: 'broken'; readonly failure: UpstreamFailure }
  /** Nothing was sent to the client yet; another endpoint may be tried. */
  | { readonly kind: 'failed'; readonly failure: UpstreamFailure }
  /** The backend answered with a status after which another endpoint is to be tried. */
  | { readonly kind: 'refused'; readonly status: number; readonly retryAfter: string | null }
  | { readonly kind: 'client_left' };

export interface RelayOptions {
  /** Headers for the client from those of the backend, flat; framing left out. */
  readonly responseHeaders: (status: number, raw: readonly string[]) => string[];
  /** Whether this status sends the request on to another endpoint instead of the answer to the client. */
  readonly tryElsewhere: (status: number) => boolean;
  readonly endpoint: string;
  /** Called once, in the turn in which the attempt ends: a request can be settled before `done` is seen. */
  readonly onEnd: (result: AttemptResult) => void;
  /** For the whole answer, from the request's acceptance; 0 for no limit. */
  readonly maxResponseMs: number;
}

/**
 * Passes one answer on to the client as it comes: the head when it is there, each chunk in the turn of the event loop
 * that brought it, and no faster than the client reads. An answer whose end is not known beforehand goes out chunked,
 * with the response time as a trailer.
 */
export class Relay implements UpstreamListener {
  readonly done: Promise<AttemptResult>;
  readonly #exchange: Exchange;
  readonly #options: RelayOptions;
  #finish!: (result: AttemptResult) => void;
  #call: UpstreamCall | null = null;
  #over = false;
  #begun = false;
  #status = 0;
  #trailer = false;
  #format: StreamFormat = 'opaque';
  #lastByte = -1;
  #writer: AnswerWriter | null = null;
  #usage: UsageReader | null = null;
  readonly #deadline: NodeJS.Timeout | null;

  constructor(exchange: Exchange, options: RelayOptions) {
    this.#exchange = exchange;
    this.#options = options;
    this.done = new Promise((resolve) => (this.#finish = resolve));
    const { maxResponseMs } = options;
    this.#deadline =
      maxResponseMs === 0
        ? null
        : setTimeout(() => this.#onDeadline(), Math.max(0, maxResponseMs - exchange.elapsedMs()));
  }

  /** The attempt that feeds this relay, so that it can be slowed and stopped. */
  attach(call: UpstreamCall): void {
    this.#call = call;
    if (this.#over) call.abort();
  }

  /** The client left: the backend must not go on working for nobody. */
  stop(): void {
    this.#end({ kind: 'client_left' });
    this.#call?.abort();
  }

  onHead(status: number, rawHeaders: string[]): void {
    if (this.#over) return;
    if (this.#options.tryElsewhere(status)) {
      const retryAfter = findHeader(rawHeaders, 'retry-after');
      this.#end({ kind: 'refused', status, retryAfter });
      this.#call?.abort();
      return;
    }
    const { response, request, baseHeaders, method } = this.#exchange;
    this.#begun = true;
    this.#status = status;
    // Before the answer goes out: it may be settled in the turn in which it ends.
    if (status >= 500) this.#exchange.backendFailed = true;
    const headers = this.#options.responseHeaders(status, rawHeaders);
    const bodiless = method === 'HEAD' || status === 204 || status === 304;
    const plain = bodiless || request.httpVersionMinor === 0;
    // Where the head is all there is, its time is that of the whole.
    if (bodiless) headers.push('X-Olla-Response-Time', responseTime(this.#exchange));
    else if (!plain) {
      dropHeader(headers, 'content-length');
      headers.push('Trailer', 'X-Olla-Response-Time');
      this.#trailer = true;
    }
    const contentType = findHeader(rawHeaders, 'content-type') ?? undefined;
    // An event cannot be put into what is compressed, or whose bytes are counted already.
    const closed =
      findHeader(rawHeaders, 'content-encoding') !== null ||
      (plain && findHeader(rawHeaders, 'content-length') !== null);
    this.#format = closed ? 'opaque' : streamFormat(contentType);
    this.#usage = UsageReader.for(contentType, status);
    for (const part of baseHeaders) headers.push(part);
    baseHeaders.length = 0;
    response.writeHead(status, headers);
    this.#writer = new AnswerWriter(response, this.#trailer, () => this.#call?.resume());
  }

  /** Chunks that came with the head go out with it; a head that came alone is not held back for them. */
  onQuiet(): void {
    if (!this.#over) this.#writer?.quiet();
  }

  onData(chunk: Buffer): boolean {
    const exchange = this.#exchange;
    if (this.#over || chunk.length === 0) return true;
    exchange.firstByteAt ??= performance.now();
    exchange.bytesOut += chunk.length;
    this.#lastByte = chunk[chunk.length - 1] as number;
    this.#usage?.read(chunk);
    return this.#writer?.data(chunk) ?? true;
  }

  onEnd(): void {
    if (this.#over) return;
    this.#takeUsage();
    this.#writer?.end(this.#trailer ? ['X-Olla-Response-Time', responseTime(this.#exchange)] : null);
    this.#end({ kind: 'relayed', status: this.#status });
  }

  onFailure(failure: UpstreamFailure): void {
    if (this.#over) return;
    if (!this.#begun) {
      this.#end({ kind: 'failed', failure });
      return;
    }
    this.#takeUsage();
    this.#exchange.backendFailed = true;
    this.#breakOff(failure);
    this.#end({ kind: 'broken', failure });
  }

  /** An answer that stopped half-way must not look whole: an error in the stream's own form, then a broken end. */
  #breakOff(failure: UpstreamFailure): void {
    const { response } = this.#exchange;
    const { socket } = response;
    const { code, text } = explainBreak(failure);
    const event = streamErrorEvent(
      this.#format,
      code,
      `endpoint ${this.#options.endpoint} ${text}; the answer is incomplete`,
      this.#lastByte,
    );
    if (event !== '') this.#writer?.data(Buffer.from(event));
    this.#writer?.quiet();
    // Node holds what is written to the answer until the end of the turn; the connection must not end before it.
    process.nextTick(() => {
      // Without the last chunk, or with fewer bytes than announced, every client sees that the end is missing. Where
      // the end of the connection is the end of the body, only a reset tells.
      if (this.#trailer) socket?.destroySoon();
      else socket?.resetAndDestroy();
    });
  }

  #onDeadline(): void {
    this.onFailure({ kind: 'total_timeout', reused: false, code: 'RESPONSE_TIMEOUT', cause: null });
    this.#call?.abort();
  }

  #takeUsage(): void {
    const usage = this.#usage?.finish();
    if (usage === undefined || usage === null) return;
    this.#exchange.tokensIn = usage.tokensIn;
    this.#exchange.tokensOut = usage.tokensOut;
  }

  #end(result: AttemptResult): void {
    if (this.#over) return;
    this.#over = true;
    if (this.#deadline !== null) clearTimeout(this.#deadline);
    this.#writer?.letGo();
    this.#options.onEnd(result);
    this.#finish(result);
  }
}

function explainBreak({ kind, code }: UpstreamFailure): { code: ErrorCode; text: string } {
  if (kind === 'body_timeout')
    return { code: 'BACKEND_TIMEOUT', text: 'was silent for longer than proxy.read_timeout' };
  if (kind === 'total_timeout')
    return { code: 'BACKEND_TIMEOUT', text: 'took longer than proxy.response_timeout' };
  return { code: 'BACKEND_ERROR', text: `broke off its answer (${code})` };
}

function dropHeader(flat: string[], name: string): void {
  for (let i = flat.length - 2; i >= 0; i -= 2) {
    const candidate = flat[i] as string;
    if (candidate.length === name.length && candidate.toLowerCase() === name) flat.splice(i, 2);
  }
}
