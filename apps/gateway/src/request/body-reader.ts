import type { Readable } from 'node:stream';
import type { BodyFields } from '@olla/core/body/body-fields';
import { JsonBodyScanner } from '@olla/core/body/json-body-scanner';
import { MultipartBodyScanner } from '@olla/core/body/multipart-body-scanner';
import { NO_MODEL, PLAIN_RULES, readModel, type ModelReading } from '@olla/core/body/read-model';
import { OllaError } from '@olla/core/errors';
import type { OpeningScanner } from '@olla/core/sticky/opening-scanner';
import { ClientGone, type Call } from './call.ts';
import type { ContentCoding } from './content-codings.ts';
import { DecodedBody } from './decoded-body.ts';
import type { ReadBytes } from './read-bytes.ts';
import { bodyTooLarge, type RequestBody } from './request-body.ts';

/**
 * Bodies up to this size are read completely before they are sent on, which is cheaper than a stream. A larger one
 * streams as soon as its model is known.
 */
export const WHOLE_BODY_BYTES = 256 * 1024;

/** Maximum bytes of a body that are read to find the opening of its conversation. */
const MAX_LOOK_BYTES = 8 * 1024 * 1024;

export interface BodyRules {
  /**
   * The path takes only a JSON object, so the body is read as one with any Content-Type; else the Content-Type decides.
   */
  readonly form: 'json' | 'read_as_json' | 'by_type';
  /** The fields that name the model, at any position. */
  readonly readsToEnd: boolean;
  readonly maxBytes: number;
  /** What sets that maximum, for the client. */
  readonly limit: string;
  /** Its content codings, to be undone; most bodies have none. */
  readonly codings: readonly ContentCoding[];
  /** Scans for the opening of a conversation; null if it is not needed. */
  readonly opening: OpeningScanner | null;
}

/** Reads as much of a body as is needed to know its model, and all of it if it is small. */
export class BodyReader {
  /** Rejects only for a fault of the reader itself, such as of a scanner. */
  readonly done: Promise<RequestBody>;
  readonly #call: Call;
  readonly #rules: BodyRules;
  readonly #length: number | null;
  readonly #scanner: JsonBodyScanner | MultipartBodyScanner | null;
  readonly #encoding: RequestBody['encoding'];
  readonly #read: ReadBytes;
  /** The request, or a stream of its body without its codings. */
  readonly #input: Readable & { readonly complete: boolean };
  /** Bytes of the body so far. */
  #bytes = 0;
  /** The body is refused, and read on only to check its size and its codings. */
  #refusal: OllaError | null = null;
  #resolve!: (body: RequestBody) => void;
  #reject!: (fault: unknown) => void;
  #isDone = false;

  /**
   * @param length as announced; null for a chunked body
   * @param read receives the bytes
   */
  constructor(call: Call, rules: BodyRules, length: number | null, read: ReadBytes) {
    this.#call = call;
    this.#read = read;
    this.#rules = rules;
    this.#length = length;
    const { request } = call;
    const contentType = request.headers['content-type'] ?? '';
    // Servers ignore the type at a path that takes only JSON, or refuse a form.
    const boundary = rules.form === 'by_type' ? MultipartBodyScanner.boundaryOf(contentType) : null;
    this.#encoding = boundary === null ? 'json' : 'multipart';
    this.#scanner =
      boundary !== null
        ? new MultipartBodyScanner(boundary)
        : rules.form !== 'by_type' || mayHoldJson(contentType)
          ? new JsonBodyScanner()
          : null;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    const isCoded = rules.codings.length > 0;
    this.#input = isCoded ? new DecodedBody(request, rules.codings) : request;
    this.#input.on('data', this.#onData);
    this.#input.on('end', this.#onEnd);
    this.#input.on('close', this.#onClose);
    if (isCoded) this.#input.on('error', this.#onFault);
    call.onAbort(this.#onAbort);
    // The request closed while its lease was awaited: it emits no more events.
    if (request.destroyed) this.#onClose();
  }

  readonly #onData = (chunk: Buffer): void => this.#contain(() => this.#take(chunk));

  readonly #onEnd = (): void => this.#contain(() => this.#takeEnd());

  readonly #onFault = (fault: Error): void =>
    this.#contain(() => {
      if (!(fault instanceof OllaError)) throw fault;
      this.#finish(true, fault);
    });

  readonly #onClose = (): void => this.#contain(() => this.#takeClose());

  #take(chunk: Buffer): void {
    const { maxBytes, limit } = this.#rules;
    this.#bytes += chunk.length;
    if (this.#bytes > maxBytes) {
      this.#finish(true, bodyTooLarge(maxBytes, limit));
      return;
    }
    if (this.#refusal !== null) return;
    const hasRoom = this.#read.push(chunk);
    const state = this.#scanner?.push(chunk) ?? 'over';
    if (this.#encoding === 'json') this.#rules.opening?.push(chunk);
    if (state === 'invalid' && this.#breaksRules()) return;
    const isModelKnown = state !== 'need-more' || this.#scanner?.model !== null;
    const mayStream = isModelKnown && !this.#rules.readsToEnd && !this.#isDecoded;
    if (!hasRoom) {
      if (!mayStream) {
        this.#refuse(overloaded());
        return;
      }
      this.#read.pushAnyway(chunk);
    }
    if (mayStream && (!hasRoom || (this.#isLarge() && !this.#looksForOpening()))) {
      this.#call.request.pause();
      this.#finish(true, null);
    }
  }

  #takeEnd(): void {
    if (this.#refusal !== null) {
      this.#finish(false, this.#refusal);
      return;
    }
    if (this.#scanner?.end() === 'invalid' && this.#breaksRules()) return;
    if (this.#rules.form === 'json' && this.#read.length === 0) this.#refuse(emptyBody());
    else this.#finish(false, null);
  }

  #takeClose(): void {
    if (!this.#input.complete)
      this.#finish(true, new OllaError('BAD_REQUEST', 'the body broke off before its end'));
  }

  readonly #onAbort = (): void =>
    this.#contain(() => {
      const reason = this.#call.abortReason;
      if (reason instanceof ClientGone) this.#takeClose();
      else if (reason !== null) this.#finish(true, reason);
    });

  /** The body may hold the opening of a conversation, which has not arrived. */
  #looksForOpening(): boolean {
    if (this.#scanner === null || this.#scanner.model === null || this.#encoding !== 'json') return false;
    return this.#rules.opening?.isDone === false && this.#read.length < MAX_LOOK_BYTES;
  }

  /** The body cannot be held completely: it is too large, or of unknown length and too large already. */
  #isLarge(): boolean {
    return (this.#length ?? this.#read.length) > WHOLE_BODY_BYTES;
  }

  /** Refuses a body that breaks the rules of its path. @returns whether it did */
  #breaksRules(): boolean {
    const code = this.#scanner?.error ?? 'INVALID_JSON';
    // Not every path with a body takes JSON: the backend decides about the content of such a body.
    if (code === 'INVALID_JSON' && this.#rules.form !== 'json') return false;
    this.#refuse(new OllaError(code, this.#scanner?.reason ?? 'the body is no JSON object'));
    return true;
  }

  /** A compressed body is read on: errors of its decoded size and of its coding come before errors of its content. */
  #refuse(error: OllaError): void {
    if (!this.#isDecoded || this.#input.complete) {
      this.#finish(true, error);
      return;
    }
    this.#refusal = error;
    this.#read.drop();
  }

  get #isDecoded(): boolean {
    return this.#rules.codings.length > 0;
  }

  /** A fault must end this request only, and not reach the client's socket. */
  #contain(action: () => void): void {
    try {
      action();
    } catch (fault) {
      if (this.#isDone) return;
      this.#isDone = true;
      this.#read.drop();
      this.#detach();
      this.#reject(fault);
    }
  }

  #finish(isUnfinished: boolean, refusal: OllaError | null): void {
    if (this.#isDone) return;
    this.#isDone = true;
    // A request that has ended emits no more events that matter.
    if (isUnfinished) this.#detach();
    this.#resolve({
      refusal,
      fields: this.#scanner,
      reading: readingOf(this.#scanner),
      encoding: this.#encoding,
      isDecoded: this.#isDecoded,
      opening: this.#rules.opening?.opening ?? null,
      read: this.#read,
      isUnfinished,
      length: isUnfinished ? this.#length : this.#read.length,
    });
  }

  #detach(): void {
    this.#input.off('data', this.#onData);
    this.#input.off('end', this.#onEnd);
    this.#input.off('close', this.#onClose);
    if (this.#isDecoded) this.#input.destroy();
  }
}

function overloaded(): OllaError {
  const message =
    'this worker holds as many bytes of request bodies as server.request_limits.max_pending_bytes allows';
  return new OllaError('OVERLOADED', message, { retryAfterS: 1 });
}

function readingOf(fields: BodyFields | null): ModelReading {
  return fields === null ? NO_MODEL : readModel({ fields, inQuery: [], hasBody: true }, PLAIN_RULES);
}

export function emptyBody(): OllaError {
  return new OllaError('INVALID_JSON', 'the body is empty. This path takes a JSON object');
}

/** The type that command-line clients send by default, even with JSON. */
function mayHoldJson(contentType: string): boolean {
  return (
    contentType === '' ||
    contentType.includes('json') ||
    contentType.startsWith('application/x-www-form-urlencoded') ||
    contentType.startsWith('text/plain')
  );
}
