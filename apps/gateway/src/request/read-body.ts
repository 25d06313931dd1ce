import type { IncomingMessage } from 'node:http';
import { JsonBodyScanner } from '@olla/core/body/json-body-scanner';
import { MultipartBodyScanner } from '@olla/core/body/multipart-body-scanner';
import type { BodyFields } from '@olla/core/body/body-fields';
import { OllaError } from '@olla/core/errors';
import { BodyStream, bodyTooLarge } from '../forward/body-stream.ts';
import type { Exchange } from './exchange.ts';
import type { PendingBudget } from './pending-budget.ts';

/**
 * Bodies up to this size are read whole before they are sent on: cheaper than a stream, and they can be sent again to
 * another endpoint. A larger one streams as soon as its model is known.
 */
export const WHOLE_BODY_BYTES = 256 * 1024;

export interface ReadBody {
  /** What the body asks for; null where there is none to look at. */
  readonly ask: BodyFields | null;
  readonly encoding: 'json' | 'multipart';
  /** All bytes read so far, and the rest of the request if it goes on. */
  readonly chunks: readonly Buffer[];
  /** More is to come after `chunks`. */
  readonly unfinished: boolean;
  /** Length of the whole body, as announced or as read; null if it is chunked and not over. */
  readonly length: number | null;
}

export interface BodyRules {
  /** The path takes a JSON object and nothing else. */
  readonly json: boolean;
  /** A file: streams without being looked at, of any size. */
  readonly blob: boolean;
  readonly maxBytes: number;
  readonly budget: PendingBudget;
}

const NO_BODY = { ask: null, encoding: 'json', unfinished: false, length: 0 } as const;

/**
 * Reads what a request asks for: as much of its body as it takes to know the model, and all of it if it is small.
 *
 * @throws OllaError BODY_TOO_LARGE, OVERLOADED, INVALID_JSON, INVALID_MODEL, BAD_REQUEST (the client broke off)
 */
export function readBody(exchange: Exchange, rules: BodyRules): ReadBody | Promise<ReadBody> {
  const { request } = exchange;
  const announced = request.headers['content-length'];
  const chunked = request.headers['transfer-encoding'] !== undefined;
  const length = announced === undefined ? null : Number(announced);
  if (!chunked && (length === null || length === 0)) {
    if (rules.json) throw new OllaError('INVALID_JSON', 'the body is empty. This path takes a JSON object');
    return { ...NO_BODY, chunks: [] };
  }
  if (!rules.blob && length !== null && length > rules.maxBytes) throw bodyTooLarge(rules.maxBytes);
  exchange.invite();
  if (rules.blob) return { ...NO_BODY, chunks: [], unfinished: true, length };
  return new BodyReader(exchange, rules, length).done;
}

/** An answer has begun, so that the body will not be sent again: a stream need not hold it for its whole life. */
export function letGoOf(body: ReadBody): void {
  (body.chunks as Buffer[]).length = 0;
}

/** The body as it goes to a backend: bytes where it is whole, else a stream. */
export function bodyToSend(
  request: IncomingMessage,
  chunks: readonly Buffer[],
  unfinished: boolean,
  maxBytes: number,
): Buffer | BodyStream | null {
  if (unfinished) return new BodyStream(request, chunks, maxBytes);
  if (chunks.length === 0) return null;
  return chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
}

class BodyReader {
  readonly done: Promise<ReadBody>;
  readonly #exchange: Exchange;
  readonly #rules: BodyRules;
  readonly #length: number | null;
  readonly #scanner: JsonBodyScanner | MultipartBodyScanner | null;
  readonly #encoding: 'json' | 'multipart';
  readonly #chunks: Buffer[] = [];
  #read = 0;
  #resolve!: (body: ReadBody) => void;
  #reject!: (error: OllaError) => void;

  constructor(exchange: Exchange, rules: BodyRules, length: number | null) {
    this.#exchange = exchange;
    this.#rules = rules;
    this.#length = length;
    const contentType = exchange.request.headers['content-type'] ?? '';
    const boundary = MultipartBodyScanner.boundaryOf(contentType);
    this.#encoding = boundary === null ? 'json' : 'multipart';
    // A small body is looked through to its end, so that a second `model` in it is found.
    const untilEnd = length !== null && length <= WHOLE_BODY_BYTES;
    const coding = exchange.request.headers['content-encoding'];
    const readable = coding === undefined || coding.toLowerCase() === 'identity';
    this.#scanner =
      // What is compressed is for the backend to open; it is relayed as it is, without a model.
      !readable
        ? null
        : boundary !== null
          ? new MultipartBodyScanner(boundary)
          : rules.json || mayHoldJson(contentType)
            ? new JsonBodyScanner({ untilEnd })
            : null;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    exchange.request.on('data', this.#onData);
    exchange.request.on('end', this.#onEnd);
    exchange.request.on('close', this.#onClose);
    // Closed while its lease was awaited: it tells nobody again.
    if (exchange.request.destroyed)
      this.#fail(new OllaError('BAD_REQUEST', 'the client left before its body was read'));
  }

  readonly #onData = (chunk: Buffer): void => {
    if (!this.#rules.budget.take(chunk.length)) {
      this.#fail(
        new OllaError(
          'OVERLOADED',
          'this worker holds as many unfinished request bodies as server.request_limits.max_pending_bytes allows',
          { retryAfterS: 1 },
        ),
      );
      return;
    }
    this.#read += chunk.length;
    this.#exchange.bytesIn = this.#read;
    this.#chunks.push(chunk);
    if (this.#read > this.#rules.maxBytes) {
      this.#fail(bodyTooLarge(this.#rules.maxBytes));
      return;
    }
    const state = this.#scanner?.push(chunk) ?? 'no-model';
    if (state === 'need-more') return;
    if (state === 'invalid' && this.#refuses()) return;
    if (this.#isLarge()) {
      this.#exchange.request.pause();
      this.#finish(true);
    }
  };

  readonly #onEnd = (): void => {
    if (this.#scanner?.end() === 'invalid' && this.#refuses()) return;
    if (this.#rules.json && this.#read === 0)
      this.#fail(new OllaError('INVALID_JSON', 'the body is empty. This path takes a JSON object'));
    else this.#finish(false);
  };

  readonly #onClose = (): void => {
    if (!this.#exchange.request.complete)
      this.#fail(new OllaError('BAD_REQUEST', 'the body broke off before its end'));
  };

  /** Not to be held whole: known to be larger, or of unknown length and larger already. */
  #isLarge(): boolean {
    return this.#length === null ? this.#read > WHOLE_BODY_BYTES : this.#length > WHOLE_BODY_BYTES;
  }

  /** Fails if the body breaks the rules of its path. @returns whether it does */
  #refuses(): boolean {
    const code = this.#scanner?.error ?? 'INVALID_JSON';
    // Not every path with a body takes JSON; what such a body holds is for the backend to judge.
    if (code === 'INVALID_JSON' && !this.#rules.json) return false;
    this.#fail(new OllaError(code, this.#scanner?.reason ?? 'the body is no JSON object'));
    return true;
  }

  #finish(unfinished: boolean): void {
    // A request that has ended tells nothing more that would matter.
    if (unfinished) this.#detach();
    else this.#rules.budget.giveBack(this.#read);
    this.#resolve({
      ask: this.#scanner,
      encoding: this.#encoding,
      chunks: this.#chunks,
      unfinished,
      length: unfinished ? this.#length : this.#read,
    });
  }

  #fail(error: OllaError): void {
    this.#detach();
    this.#reject(error);
  }

  #detach(): void {
    this.#rules.budget.giveBack(this.#read);
    const { request } = this.#exchange;
    request.off('data', this.#onData);
    request.off('end', this.#onEnd);
    request.off('close', this.#onClose);
  }
}

/** What command-line clients send with JSON when they say nothing counts as JSON too. */
function mayHoldJson(contentType: string): boolean {
  return (
    contentType === '' ||
    contentType.includes('json') ||
    contentType.startsWith('application/x-www-form-urlencoded') ||
    contentType.startsWith('text/plain')
  );
}
