import type { BodyFields } from '@olla/core/body/body-fields';
import { JsonBodyScanner } from '@olla/core/body/json-body-scanner';
import { MultipartBodyScanner } from '@olla/core/body/multipart-body-scanner';
import { NO_MODEL, PLAIN_RULES, readModel, type ModelReading } from '@olla/core/body/read-model';
import { OllaError } from '@olla/core/errors';
import type { OpeningScanner } from '@olla/core/sticky/opening-scanner';
import { ClientGone, type Call } from './call.ts';
import type { ReadBytes } from './read-bytes.ts';
import { bodyTooLarge, type RequestBody } from './request-body.ts';

/**
 * Bodies up to this size are read whole before they are sent on, which is cheaper than a stream. A larger one streams as
 * soon as its model is known.
 */
export const WHOLE_BODY_BYTES = 256 * 1024;

/** So much of a body is read until the opening of its conversation is found, whatever stands before it. */
const MAX_LOOK_BYTES = 8 * 1024 * 1024;

export interface BodyRules {
  /** The path takes a JSON object and nothing else; it is read as one whatever its Content-Type; or that tells. */
  readonly form: 'json' | 'read_as_json' | 'by_type';
  /** What names the model may stand anywhere. */
  readonly readsToEnd: boolean;
  readonly maxBytes: number;
  /** Looks for the opening of a conversation; null where nobody needs it. */
  readonly opening: OpeningScanner | null;
}

/** Reads as much of a body as it takes to know its model, and all of it if it is small. */
export class BodyReader {
  /** Rejects only with a fault of the reader's own, such as of a scanner. */
  readonly done: Promise<RequestBody>;
  readonly #call: Call;
  readonly #rules: BodyRules;
  readonly #length: number | null;
  readonly #scanner: JsonBodyScanner | MultipartBodyScanner | null;
  readonly #encoding: RequestBody['encoding'];
  readonly #read: ReadBytes;
  #resolve!: (body: RequestBody) => void;
  #reject!: (fault: unknown) => void;
  #isDone = false;

  /**
   * @param length as announced; null for a chunked body
   * @param read takes what comes
   */
  constructor(call: Call, rules: BodyRules, length: number | null, read: ReadBytes) {
    this.#call = call;
    this.#read = read;
    this.#rules = rules;
    this.#length = length;
    const { request } = call;
    const contentType = request.headers['content-type'] ?? '';
    // Servers of a path that takes JSON alone do not look at the type, or refuse a form.
    const boundary = rules.form === 'by_type' ? MultipartBodyScanner.boundaryOf(contentType) : null;
    this.#encoding = boundary === null ? 'json' : 'multipart';
    const coding = request.headers['content-encoding'];
    const isReadable = coding === undefined || coding.toLowerCase() === 'identity';
    this.#scanner =
      // What is compressed is for the backend to open; it is relayed as it is, without a model.
      !isReadable
        ? null
        : boundary !== null
          ? new MultipartBodyScanner(boundary)
          : rules.form !== 'by_type' || mayHoldJson(contentType)
            ? new JsonBodyScanner()
            : null;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    request.on('data', this.#onData);
    request.on('end', this.#onEnd);
    request.on('close', this.#onClose);
    call.onAbort(this.#onAbort);
    // Closed while its lease was awaited: it emits nothing more.
    if (request.destroyed) this.#onClose();
  }

  readonly #onData = (chunk: Buffer): void => this.#contain(() => this.#take(chunk));

  readonly #onEnd = (): void => this.#contain(() => this.#takeEnd());

  readonly #onClose = (): void => this.#contain(() => this.#takeClose());

  #take(chunk: Buffer): void {
    const { maxBytes } = this.#rules;
    if (this.#read.length + chunk.length > maxBytes) {
      this.#refuse(bodyTooLarge(maxBytes));
      return;
    }
    const hasRoom = this.#read.push(chunk);
    const state = this.#scanner?.push(chunk) ?? 'over';
    if (this.#encoding === 'json') this.#rules.opening?.push(chunk);
    if (state === 'invalid' && this.#breaksRules()) return;
    const isModelKnown = state !== 'need-more' || this.#scanner?.model !== null;
    const mayStream = isModelKnown && !this.#rules.readsToEnd;
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
    if (this.#scanner?.end() === 'invalid' && this.#breaksRules()) return;
    if (this.#rules.form === 'json' && this.#read.length === 0) this.#refuse(emptyBody());
    else this.#finish(false, null);
  }

  #takeClose(): void {
    if (!this.#call.request.complete)
      this.#refuse(new OllaError('BAD_REQUEST', 'the body broke off before its end'));
  }

  readonly #onAbort = (): void =>
    this.#contain(() => {
      const reason = this.#call.abortReason;
      if (reason instanceof ClientGone) this.#takeClose();
      else if (reason !== null) this.#refuse(reason);
    });

  /** The body may hold the opening of a conversation, which has not come. */
  #looksForOpening(): boolean {
    if (this.#scanner === null || this.#scanner.model === null || this.#encoding !== 'json') return false;
    return this.#rules.opening?.isDone === false && this.#read.length < MAX_LOOK_BYTES;
  }

  /** Not to be held whole: known to be larger, or of unknown length and larger already. */
  #isLarge(): boolean {
    return (this.#length ?? this.#read.length) > WHOLE_BODY_BYTES;
  }

  /** Refuses a body that breaks the rules of its path. @returns whether it does */
  #breaksRules(): boolean {
    const code = this.#scanner?.error ?? 'INVALID_JSON';
    // Not every path with a body takes JSON; what such a body holds is for the backend to decide.
    if (code === 'INVALID_JSON' && this.#rules.form !== 'json') return false;
    this.#refuse(new OllaError(code, this.#scanner?.reason ?? 'the body is no JSON object'));
    return true;
  }

  #refuse(error: OllaError): void {
    this.#finish(true, error);
  }

  /** A fault must end this request only, and not reach the client's socket. */
  #contain(action: () => void): void {
    try {
      action();
    } catch (fault) {
      if (this.#isDone) return;
      this.#isDone = true;
      this.#read.letGo();
      this.#detach();
      this.#reject(fault);
    }
  }

  #finish(isUnfinished: boolean, refusal: OllaError | null): void {
    if (this.#isDone) return;
    this.#isDone = true;
    // A request that has ended emits nothing more that would matter.
    if (isUnfinished) this.#detach();
    this.#resolve({
      refusal,
      fields: this.#scanner,
      reading: readingOf(this.#scanner),
      encoding: this.#encoding,
      opening: this.#rules.opening?.opening ?? null,
      read: this.#read,
      isUnfinished,
      length: isUnfinished ? this.#length : this.#read.length,
    });
  }

  #detach(): void {
    const { request } = this.#call;
    request.off('data', this.#onData);
    request.off('end', this.#onEnd);
    request.off('close', this.#onClose);
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

/** What command-line clients send with JSON when they say nothing counts as JSON too. */
function mayHoldJson(contentType: string): boolean {
  return (
    contentType === '' ||
    contentType.includes('json') ||
    contentType.startsWith('application/x-www-form-urlencoded') ||
    contentType.startsWith('text/plain')
  );
}
