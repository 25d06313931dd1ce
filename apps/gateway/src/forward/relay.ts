import { performance } from 'node:perf_hooks';
import type { OllaError } from '@olla/core/errors';
import { dropHeader, findHeader } from '@olla/core/http/find-header';
import type { UpstreamCall, UpstreamFailure, UpstreamListener } from '@olla/upstream/upstream';
import type { Call } from '../request/call.ts';
import { responseTime } from '../request/respond.ts';
import { appendHeaders } from '../request/response-headers.ts';
import type { AttemptResult } from './attempt-result.ts';
import { streamErrorEvent } from './broken-stream.ts';
import { EndMarkReader } from './end-mark-reader.ts';
import { brokenError, unfinishedError } from './failure-error.ts';
import { ResponseWriter } from './response-writer.ts';
import { retryAfterMs } from './retry-after.ts';
import type { TrailerRule } from './trailer-rule.ts';
import { streamDialect, type StreamDialect } from './stream-dialect.ts';
import { streamFormat, type StreamFormat } from './stream-format.ts';
import { UsageReader, type Usage } from './usage-reader.ts';

export interface RelayOptions {
  readonly call: Call;
  /** Of the request at the backend, without query. */
  readonly path: string;
  /** The stream of a dialect has ended: whether with its end mark. */
  readonly isWhole: (dialect: StreamDialect, hasEndMark: boolean) => boolean;
  /** Name of the endpoint, for messages. */
  readonly endpoint: string;
  /** Decides when the head has arrived: relay the response, or discard it. */
  readonly relays: (status: number) => boolean;
  /** Headers for the client from those of the backend, flat, without framing. Called once, for a relayed response. */
  readonly responseHeaders: (raw: readonly string[]) => string[];
  /** For the whole response, from the request's acceptance; 0 for no limit. */
  readonly maxResponseMs: number;
  readonly sendsTrailer: TrailerRule;
  /** Called once, in the turn of the event loop in which the response ends. */
  readonly onEnd: (end: RelayEnd) => void;
  /** Called if a callback of the relay's own timer throws. */
  readonly onFault: (fault: unknown) => void;
}

/** The result of the response. */
export interface RelayEnd {
  readonly result: AttemptResult;
  /** Null if no head was relayed. */
  readonly relayedStatus: number | null;
  /** Bytes of the body to the client, and when the first arrived; monotonic milliseconds. */
  readonly bytesOut: number;
  readonly firstByteAt: number | null;
  readonly tokensIn: number;
  readonly tokensOut: number;
}

/**
 * Passes one response on to the client as it arrives: the head at once, each chunk in the turn of the event loop in
 * which it arrived, and no faster than the client reads. If the client accepts a trailer, the response is chunked and
 * has the response time as its trailer.
 */
export class Relay implements UpstreamListener {
  readonly #options: RelayOptions;
  #upstream: UpstreamCall | null = null;
  #isOver = false;
  #status: number | null = null;
  #retryAfterMs: number | null = null;
  #hasTrailer = false;
  #isChunked = false;
  #format: StreamFormat = 'opaque';
  #dialect: StreamDialect | null = null;
  #endMark: EndMarkReader | null = null;
  #lastByte = -1;
  #bytesOut = 0;
  #firstByteAt: number | null = null;
  #writer: ResponseWriter | null = null;
  #usage: UsageReader | null = null;
  #tokens: Usage | null = null;
  readonly #deadline: NodeJS.Timeout | null;

  constructor(options: RelayOptions) {
    this.#options = options;
    const { maxResponseMs, call } = options;
    this.#deadline =
      maxResponseMs === 0
        ? null
        : setTimeout(() => this.#onDeadline(), Math.max(0, maxResponseMs - call.elapsedMs()));
  }

  /** The upstream call of this relay, for slowing and stopping it. */
  attach(upstream: UpstreamCall): void {
    this.#upstream = upstream;
    if (this.#isOver) upstream.abort();
  }

  /** The request was aborted, so the backend must stop working on it. */
  stop(): void {
    this.#end({ kind: 'aborted' });
    this.#upstream?.abort();
  }

  /** Ends the attempt without an error for the client: the relay itself has failed. */
  drop(): void {
    this.#isOver = true;
    if (this.#deadline !== null) clearTimeout(this.#deadline);
    this.#writer?.release();
    this.#upstream?.abort();
  }

  onHead(status: number, rawHeaders: string[]): void {
    if (this.#isOver) return;
    const { call, relays, responseHeaders } = this.#options;
    if (!relays(status)) {
      this.#end({ kind: 'discarded', status, retryAfterMs: retryAfterMs(status, rawHeaders) });
      this.#upstream?.abort();
      return;
    }
    this.#status = status;
    this.#retryAfterMs = retryAfterMs(status, rawHeaders);
    const headers = responseHeaders(rawHeaders);
    const contentType = findHeader(rawHeaders, 'content-type') ?? undefined;
    const format = streamFormat(contentType);
    // nginx and others buffer a whole stream unless this header forbids it.
    if (format !== 'opaque' && findHeader(headers, 'x-accel-buffering') === null)
      headers.push('X-Accel-Buffering', 'no');
    this.#frame(status, headers);
    // An event cannot be inserted into a compressed body, or into one whose length is fixed.
    const isClosed =
      findHeader(rawHeaders, 'content-encoding') !== null || findHeader(headers, 'content-length') !== null;
    this.#format = isClosed ? 'opaque' : format;
    if (status === 200) this.#dialect = streamDialect(call.method, this.#options.path, this.#format);
    if (this.#dialect !== null) this.#endMark = new EndMarkReader(this.#dialect);
    this.#usage = UsageReader.for(contentType, status);
    call.response.writeHead(status, appendHeaders(headers, call.headers));
    this.#writer = new ResponseWriter(call.response, this.#isChunked, () => this.#upstream?.resume());
  }

  /** Decides how the end of the body is marked, and where the response time goes. */
  #frame(status: number, headers: string[]): void {
    const { call, sendsTrailer } = this.#options;
    const isBodiless = call.method === 'HEAD' || status === 204 || status === 304;
    // RFC 9110 §8.6: some clients would wait for the body.
    if (status === 204) dropHeader(headers, 'content-length');
    if (!isBodiless && sendsTrailer(call.request)) {
      dropHeader(headers, 'content-length');
      headers.push('Trailer', 'X-Olla-Response-Time');
      this.#hasTrailer = true;
      this.#isChunked = true;
      return;
    }
    const isWhole = isBodiless || findHeader(headers, 'content-length') !== null;
    // A response with a known length was complete: the time of the head is that of the response.
    if (isWhole) headers.push('X-Olla-Response-Time', responseTime(call));
    this.#isChunked = !isWhole && call.request.httpVersionMinor > 0;
  }

  /** Chunks that arrived with the head are sent with it; a head that arrived alone is sent at once. */
  onQuiet(): void {
    if (!this.#isOver) this.#writer?.quiet();
  }

  onData(chunk: Buffer): boolean {
    if (this.#isOver || chunk.length === 0) return true;
    this.#firstByteAt ??= performance.now();
    this.#bytesOut += chunk.length;
    this.#lastByte = chunk.at(-1) ?? -1;
    this.#usage?.read(chunk);
    this.#endMark?.read(chunk);
    return this.#writer?.data(chunk) ?? true;
  }

  onEnd(): void {
    if (this.#isOver || this.#status === null) return;
    const { call, endpoint, isWhole } = this.#options;
    this.#tokens = this.#usage?.finish() ?? null;
    const isUnfinished =
      this.#endMark !== null &&
      this.#dialect !== null &&
      !isWhole(this.#dialect, this.#endMark.isWhole(this.#tokens !== null));
    if (isUnfinished) this.#sendError(unfinishedError(endpoint));
    this.#writer?.end(this.#hasTrailer ? ['X-Olla-Response-Time', responseTime(call)] : null);
    const status = this.#status;
    this.#end(
      isUnfinished
        ? { kind: 'unfinished', status }
        : { kind: 'relayed', status, retryAfterMs: this.#retryAfterMs },
    );
  }

  onFailure(failure: UpstreamFailure): void {
    if (this.#isOver) return;
    if (this.#status === null) {
      this.#end({ kind: 'failed', failure });
      return;
    }
    this.#breakOff(brokenError(this.#options.endpoint, failure));
    this.#end({ kind: 'broken', status: this.#status, failure });
  }

  /** A response that stopped half-way must not look complete: an error in the stream's own form, then a broken end. */
  #breakOff(error: OllaError): void {
    const { socket } = this.#options.call.response;
    this.#sendError(error);
    this.#writer?.quiet();
    // Node buffers writes to the response until the end of the turn; the connection must not close before it.
    process.nextTick(() => {
      // Without the last chunk, or with fewer bytes than announced, every client sees that the end is missing. If the
      // end of the connection marks the end of the body, only a reset shows it.
      if (this.#isChunked) socket?.destroySoon();
      else socket?.resetAndDestroy();
    });
  }

  #sendError({ code, message }: OllaError): void {
    const event = streamErrorEvent(this.#format, this.#dialect, { code, message, lastByte: this.#lastByte });
    if (event !== '') this.#writer?.data(Buffer.from(event));
  }

  #onDeadline(): void {
    try {
      this.onFailure({ kind: 'total_timeout', reused: false, code: 'RESPONSE_TIMEOUT', cause: null });
    } catch (fault) {
      this.#options.onFault(fault);
    }
    this.#upstream?.abort();
  }

  #end(result: AttemptResult): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#deadline !== null) clearTimeout(this.#deadline);
    this.#writer?.release();
    const usage = this.#tokens ?? this.#usage?.finish() ?? null;
    this.#options.onEnd({
      result,
      relayedStatus: this.#status,
      bytesOut: this.#bytesOut,
      firstByteAt: this.#firstByteAt,
      tokensIn: usage?.tokensIn ?? 0,
      tokensOut: usage?.tokensOut ?? 0,
    });
  }
}
